/*
 * A plan that 0.1.0 made is compared with a fresh one by the words of its loss. These are the words of then, with the words
 * of today: without them an approval that was given before an update would count as one for another plan.
 */
const oldWords: readonly (readonly [RegExp, string])[] = [
  [
    /^At most ([\d,]+) unread messages in (.+), with what still comes before it is deleted$/,
    'At most $1 ready messages in $2, including what arrives before the deletion',
  ],
  [
    /^The copies of (.+) on (.+), up to (.+): the kept side's content stays$/,
    'The replicas of $1 on $2, with up to $3; the kept side keeps its own content',
  ],
  [
    /^Messages that are not persistent, of (.+) in (.+) living on (.+)$/,
    'The non-persistent messages among $1 in $2 hosted on $3',
  ],
  [/^Calls that are being served by (.+) are cut off$/, 'RPC calls in progress at $1 are interrupted'],
  [/^Calls on this connection of (.+) are cut off$/, 'RPC calls on this connection of $1 are interrupted'],
  [
    /^Calls that the readers of (.+) serve over the same connections are cut off$/,
    'RPC calls that the consumers of $1 serve over the same connections are interrupted',
  ],
  [
    /^Calls that (.+) may still be serving are cut off$/,
    'RPC calls that $1 may still be serving are interrupted',
  ],
  [
    /^Everything that (.+) holds by itself: joining a cluster empties it first\.$/,
    'Everything that only $1 holds: it is emptied before it joins the cluster.',
  ],
];

/** Line of a plan's loss in the words of today, whichever version wrote it. */
export const inWordsOfToday = (line: string): string =>
  oldWords.reduce((words, [pattern, today]) => words.replace(pattern, today), line);
