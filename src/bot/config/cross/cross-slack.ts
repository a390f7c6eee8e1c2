import type { CrossProblem } from '../file/problem.ts';
import type { CrossView } from './cross-view.ts';

/** What each mode of Slack needs, and whether the tokens are what they should be. */
export function* slackSettings(file: CrossView): Iterable<CrossProblem> {
  yield* slackMode(file);
  yield* tokens(file);
}

function* slackMode({ slack }: CrossView): Iterable<CrossProblem> {
  if (slack?.mode === 'socket' && slack.appToken === undefined) {
    yield missing(
      'appToken',
      'an app-level token (xapp-…), because slack.mode is socket',
      'add appToken, or set mode to http',
    );
  }
  if (slack?.mode === 'http' && slack.signingSecret === undefined) {
    yield missing(
      'signingSecret',
      'the signing secret, because slack.mode is http',
      'add signingSecret, or set mode to socket',
    );
  }
  if (slack?.mode === 'http' && slack.port === undefined) {
    yield missing(
      'port',
      'the port to listen on, because slack.mode is http',
      'add port, or set mode to socket',
    );
  }
}

const missing = (key: string, expected: string, cure: string): CrossProblem => ({
  path: ['slack', key],
  expected,
  came: 'nothing',
  cure,
});

const tokenKinds = [
  { begins: 'xoxb-', what: 'a bot token (xoxb-…)' },
  { begins: 'xapp-', what: 'an app-level token (xapp-…)' },
  { begins: 'xoxp-', what: 'a user token (xoxp-…)' },
] as const;

/** Only a token that surely is of another kind is wrong: Slack may give its tokens new beginnings. */
function* tokens({ slack }: CrossView): Iterable<CrossProblem> {
  for (const [key, right] of [
    ['botToken', tokenKinds[0]],
    ['appToken', tokenKinds[1]],
  ] as const) {
    const token = slack?.[key];
    const is = tokenKinds.find(({ begins }) => typeof token === 'string' && token.startsWith(begins));
    if (is === undefined || is === right) {
      continue;
    }
    yield {
      path: ['slack', key],
      expected: right.what,
      came: is.what,
      cure: `put ${right.what} there; are botToken and appToken exchanged?`,
    };
  }
}
