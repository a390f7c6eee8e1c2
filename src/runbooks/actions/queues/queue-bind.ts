import { z } from 'zod';
import { reasonOf } from '../../../rpc/index.ts';
import type { Action } from '../../action.ts';
import type { Verdict } from '../../verdict.ts';
import { askEveryNode, enoughAnswers, lookUntil, READ_MS, SETTLE_MS } from '../common/ask-nodes.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { outcomeOfWrite, WRITE_MS } from '../common/write.ts';

const args = z.strictObject({
  vhost: z.string().min(1),
  queue: z.string().min(1),
  /** A named exchange: every queue is bound to the default exchange by itself. */
  exchange: z.string().min(1),
  routingKey: z.string(),
});

type Args = z.infer<typeof args>;

/** Action that binds a queue to an exchange, as its owner did when it declared it. Done twice it is the same as done once. */
export const queueBind: Action<Args, ClusterPorts> = {
  name: 'queue.bind',
  tier: 'reversible',
  args,
  timeLimitMs: 2 * READ_MS + WRITE_MS,
  checks: [
    'Enough nodes answer (two, unless the cluster has only one).',
    'The queue and the exchange exist, unless the binding is there already.',
  ],
  undo: 'The binding can be deleted by hand.',
  describe: ({ vhost, queue, exchange, routingKey }) =>
    `Bind queue "${queue}" to exchange "${exchange}" under the key "${routingKey}" in vhost "${vhost}": ` +
    `POST /api/bindings/${encodeURIComponent(vhost)}/e/${encodeURIComponent(exchange)}/q/${encodeURIComponent(queue)}`,
  precheck: async (wanted, ports) => {
    const bound = await readBindings(wanted, ports);
    if (bound.answered < enoughAnswers(ports)) {
      return no(`too few nodes answered: ${bound.silent}`);
    }
    if (bound.missingOn.length === 0) {
      return { go: true, because: 'it is already bound' };
    }
    return await bothExist(wanted, ports);
  },
  execute: async (wanted, ports) => {
    const { missingOn, presentOn, silent } = await readBindings(wanted, ports);
    const [through] = missingOn;
    if (through === undefined) {
      return presentOn.length > 0
        ? { kind: 'applied', detail: 'it was already bound' }
        : { kind: 'refused', because: `Nothing was sent because no node answers: ${silent}` };
    }
    return await outcomeOfWrite(() => through.bindQueue(wanted, { timeoutMs: WRITE_MS }), {
      done: `bound through ${through.node}`,
      absent: { kind: 'refused', because: 'the queue or the exchange does not exist' },
    });
  },
  reconcile: async (wanted, ports) => {
    let seen = await readBindings(wanted, ports);
    await lookUntil(ports, SETTLE_MS, async () => {
      seen = await readBindings(wanted, ports);
      return seen.presentOn.length > 0 ? seen : undefined;
    });
    const [there] = seen.presentOn;
    if (there !== undefined) {
      return { kind: 'done', because: `${there.node} lists the binding` };
    }
    // Binding it a second time changes nothing.
    return seen.answered >= enoughAnswers(ports)
      ? { kind: 'not-done', because: 'no node that answers lists the binding' }
      : { kind: 'unknown', because: `too few nodes answered: ${seen.silent}` };
  },
};

/** Which nodes list the binding, asked freshly of all. */
async function readBindings({ vhost, queue, exchange, routingKey }: Args, ports: ClusterPorts) {
  const answers = await askEveryNode(ports, (api) =>
    api.bindingsOfQueue(vhost, queue, { timeoutMs: READ_MS }),
  );
  const answered = answers
    .filter((answer) => answer.kind === 'answered')
    .map(({ api, value }) => ({
      api,
      isBound: value.some((row) => row.source === exchange && row.routingKey === routingKey),
    }));
  return {
    answered: answered.length,
    presentOn: answered.filter(({ isBound }) => isBound).map(({ api }) => api),
    missingOn: answered.filter(({ isBound }) => !isBound).map(({ api }) => api),
    silent: answers
      .filter((answer) => answer.kind === 'silent')
      .map(({ error }) => reasonOf(error))
      .join('; '),
  };
}

/** The broker would say 404; said before, it spares people an approval for nothing. */
async function bothExist({ vhost, queue, exchange }: Args, ports: ClusterPorts): Promise<Verdict> {
  const answers = await askEveryNode(ports, async (api) => {
    const [row, exchanges] = await Promise.all([
      api.queue(vhost, queue, { timeoutMs: READ_MS, stats: false }),
      api.exchanges({ timeoutMs: READ_MS }),
    ]);
    return {
      hasQueue: row !== undefined,
      hasExchange: exchanges.some((one) => one.vhost === vhost && one.name === exchange),
    };
  });
  const seen = answers.filter((answer) => answer.kind === 'answered').map(({ value }) => value);
  if (seen.length === 0) {
    return no('no node answered whether the queue and the exchange exist');
  }
  if (!seen.some(({ hasQueue }) => hasQueue)) {
    return no(`the queue ${JSON.stringify(queue)} no longer exists`);
  }
  return seen.some(({ hasExchange }) => hasExchange)
    ? { go: true }
    : no(
        `the exchange ${JSON.stringify(exchange)} does not exist: a service that reconnects declares it again`,
      );
}

const no = (because: string): Verdict => ({ go: false, because });
