import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { SlackPort } from '../../../../src/bot/ports/slack.ts';
import { SlackRefused, SlackUnreachable } from '../../../../src/bot/ports/slack-errors.ts';
import { openSlackPort } from '../../../../src/bot/slack/send/web-client-port.ts';
import { fakeClock } from '../../fakes/clock.ts';

interface Call {
  readonly method: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type Answer = { readonly json: object } | { readonly status: number; readonly retryAfter?: string };

/** A Slack Web API on this machine that answers as it is told, and the port that talks to it. */
async function slackThatSays(...answers: readonly Answer[]) {
  const calls: Call[] = [];
  const queue = [...answers];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      calls.push({ method: (request.url ?? '').replace('/api/', ''), body });
      reply(response, queue.shift() ?? { json: { ok: true, ts: '1.2' } });
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const clock = fakeClock();
  const slack: SlackPort = openSlackPort(
    { mode: 'socket', botToken: 'xoxb-secret', channel: 'C1', apiUrl: `http://127.0.0.1:${port}/api/` },
    clock,
  );
  return {
    calls,
    clock,
    slack,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
  }
  const fields = [...new URLSearchParams(text)].map(([key, value]) => [key, unpacked(value)] as const);
  return Object.fromEntries(fields);
}

function unpacked(value: string): unknown {
  return /^[[{]/.test(value) ? JSON.parse(value) : value;
}

function reply(response: ServerResponse, answer: Answer): void {
  if ('json' in answer) {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer.json));
    return;
  }
  response.statusCode = answer.status;
  if (answer.retryAfter !== undefined) {
    response.setHeader('retry-after', answer.retryAfter);
  }
  response.end();
}

const card = {
  channel: 'C1',
  text: 'P1 prod-a: &lt;!channel&gt; holds 5 messages.',
  blocks: [
    { type: 'header' as const, text: { type: 'plain_text' as const, text: 'P1 FIRING' } },
    {
      type: 'actions' as const,
      block_id: 'INC-1.a',
      elements: [
        {
          type: 'button' as const,
          action_id: 'incident:ack',
          text: { type: 'plain_text' as const, text: 'Mine' },
        },
      ],
    },
  ],
};
const refused = { json: { ok: false, error: 'invalid_blocks' } };

describe('the port to Slack', () => {
  test('posts text and blocks, and does not let the text be read as markup', async () => {
    await using scene = await slackThatSays();
    expect(await scene.slack.postMessage({ ...card, threadTs: '9.9', broadcast: true })).toEqual({
      ts: '1.2',
    });
    expect(scene.calls).toMatchObject([
      {
        method: 'chat.postMessage',
        body: {
          channel: 'C1',
          thread_ts: '9.9',
          reply_broadcast: 'true',
          mrkdwn: 'false',
          unfurl_links: 'false',
        },
      },
    ]);
  });

  test('posts a plainer message when Slack refuses the blocks, and keeps its buttons', async () => {
    await using scene = await slackThatSays(refused);
    await scene.slack.postMessage(card);
    const blocks = scene.calls.map(({ body }) => body['blocks']);
    expect(blocks[1]).toMatchObject([
      { type: 'section', text: { type: 'plain_text', text: 'P1 prod-a: <!channel> holds 5 messages.' } },
      { type: 'actions', elements: [{ action_id: 'incident:ack' }] },
    ]);
  });

  test('posts the text alone when Slack refuses that too: nothing is lost', async () => {
    await using scene = await slackThatSays(refused, refused);
    expect(await scene.slack.postMessage(card)).toEqual({ ts: '1.2' });
    expect(scene.calls.at(-1)?.body).not.toHaveProperty('blocks');
    expect(scene.calls.at(-1)?.body['text']).toContain('P1 prod-a');
  });

  test('waits out a Retry-After and sends the message then', async () => {
    await using scene = await slackThatSays({ status: 429, retryAfter: '5' });
    const begunAtMs = scene.clock.now();
    await scene.slack.postMessage(card);
    expect(scene.calls).toHaveLength(2);
    expect(scene.clock.now() - begunAtMs).toBe(5_000);
  });

  test('says what Slack said', async () => {
    await using scene = await slackThatSays({ json: { ok: false, error: 'message_not_found' } });
    const refusal = scene.slack.updateMessage({ ...card, ts: '1.2' });
    await expect(refusal).rejects.toThrow(SlackRefused);
    await expect(refusal).rejects.toMatchObject({ code: 'message_not_found' });
  });

  test('does not try again by itself, and never shows the token', async () => {
    await using scene = await slackThatSays({ status: 500 });
    const failure = await scene.slack.userInfo('U1').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SlackUnreachable);
    expect(String(failure)).toBe('SlackUnreachable: users.info: HTTP 500 from Slack');
    expect(scene.calls).toHaveLength(1);
  });

  test('knows people, groups and guests', async () => {
    await using scene = await slackThatSays(
      {
        json: {
          ok: true,
          user: { id: 'U1', name: 'al', real_name: 'Al', team_id: 'T1', is_restricted: true },
        },
      },
      { json: { ok: true, users: ['U1', 'U2'] } },
    );
    expect(await scene.slack.userInfo('U1')).toEqual({
      id: 'U1',
      name: 'Al',
      team: 'T1',
      isBot: false,
      isGuest: true,
      isDeleted: false,
    });
    expect(await scene.slack.groupMembers('S1')).toEqual(['U1', 'U2']);
  });

  test('knows the workspace or the organisation that it is installed in', async () => {
    await using scene = await slackThatSays(
      { json: { ok: true, team_id: 'T1', enterprise_id: 'E1' } },
      { json: { ok: true, team_id: 'T1', enterprise_id: 'E1', is_enterprise_install: true } },
      { json: { ok: true } },
    );
    expect(await scene.slack.workspace()).toEqual({ kind: 'team', team: 'T1' });
    expect(await scene.slack.workspace()).toEqual({ kind: 'enterprise', enterprise: 'E1' });
    await expect(scene.slack.workspace()).rejects.toThrow('Slack named no workspace');
  });

  test('finds its own card in a channel, and does without where it may not read', async () => {
    await using scene = await slackThatSays(
      {
        json: {
          ok: true,
          messages: [
            { ts: '3.0', blocks: [{ type: 'header', block_id: 'INC-10.f' }] },
            { ts: '2.0', blocks: [{ type: 'header', block_id: 'INC-1.f' }] },
          ],
        },
      },
      { json: { ok: false, error: 'missing_scope' } },
    );
    expect(await scene.slack.findMessage('C1', 'INC-1.')).toBe('2.0');
    expect(await scene.slack.findMessage('C1', 'INC-1.')).toBeUndefined();
  });
});
