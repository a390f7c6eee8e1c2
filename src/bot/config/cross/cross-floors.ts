import { span } from '../../wording/words.ts';
import type { CrossProblem } from '../file/problem.ts';
import type { CrossView } from './cross-view.ts';

/** How many yeses each tier takes at the least. */
const floorsOfVotes = [
  ['node', 2],
  ['mass', 2],
] as const;
const neverOwn = ['destructive', 'mass'] as const;
const alwaysTyped = ['destructive', 'node', 'mass'] as const;
/** One look and the next are of two different moments only if they lie so far apart. */
const LEAST_APART_MS = 30_000;

/** What a file may make stricter and not laxer. Only a sandbox, where one person plays all parts, may do with less. */
export function* floors(file: CrossView): Iterable<CrossProblem> {
  if (file.sandbox !== undefined) {
    return;
  }
  yield* ofPeople(file);
  yield* ofLooks(file);
}

function* ofPeople({ people }: CrossView): Iterable<CrossProblem> {
  for (const [tier, least] of floorsOfVotes) {
    const votes = people?.approvals?.[tier];
    if (votes === undefined || votes >= least) {
      continue;
    }
    yield {
      path: ['people', 'approvals', tier],
      expected: `at least ${least}`,
      came: String(votes),
      cure: `remove it; whoever is on call and alone can use break-glass`,
    };
  }
  for (const tier of neverOwn) {
    if (people?.selfApproval?.[tier] !== true) {
      continue;
    }
    yield {
      path: ['people', 'selfApproval', tier],
      expected: 'false, because somebody else must approve what is lost for good',
      came: 'true',
      cure: 'remove it',
    };
  }
  for (const tier of alwaysTyped) {
    if (people?.typedConfirmation?.[tier] !== false) {
      continue;
    }
    yield {
      path: ['people', 'typedConfirmation', tier],
      expected: 'true, because what cannot be undone must be confirmed by typing',
      came: 'false',
      cure: 'remove it',
    };
  }
}

function* ofLooks({ clusters }: CrossView): Iterable<CrossProblem> {
  for (const [index, { detection }] of clusters.entries()) {
    const apartMs = detection?.looksApart;
    if (apartMs === undefined || apartMs >= LEAST_APART_MS) {
      continue;
    }
    yield {
      path: ['clusters', index, 'detection', 'looksApart'],
      expected: `at least ${span(LEAST_APART_MS)}, because deleting a queue takes two looks`,
      came: span(apartMs),
      cure: 'remove it',
    };
  }
}
