import type { BindingRow, ManagementApi } from '../../rpc/index.ts';

/** What leads to a queue from named exchanges. */
export interface Route {
  /** Under its `own` name, as oslo.messaging binds it; only under `other` keys; or `none`. */
  readonly bindings: 'own' | 'other' | 'none';
  /** Each OpenStack project has its own exchange (nova, cinder, …); the queue's own binding knows which. */
  readonly exchange?: string;
}

/**
 * Asks the nodes what leads to a queue; the first that knows a binding under its own name settles it. Undefined when no
 * node could be asked. Of several exchanges the preferred one is taken.
 */
export async function routeTo(
  management: readonly ManagementApi[],
  { vhost, queue, prefer }: { readonly vhost: string; readonly queue: string; readonly prefer?: string },
  timeoutMs: number,
): Promise<Route | undefined> {
  const asked = management.map(async (api) =>
    routeIn(await api.bindingsOfQueue(vhost, queue, { timeoutMs })),
  );
  const own = asked.map(async (answer) => {
    const route = await answer;
    if (route.bindings !== 'own') {
      throw new Error(`no binding of ${queue} under its own name`);
    }
    return route;
  });
  const found = await Promise.any(own).catch(() => undefined);
  if (found !== undefined) {
    return found;
  }
  const answers = (await Promise.allSettled(asked)).flatMap((answer) =>
    answer.status === 'fulfilled' ? [answer.value] : [],
  );
  return answers.find(({ bindings }) => bindings === 'other') ?? answers[0];

  function routeIn(rows: readonly BindingRow[]): Route {
    const named = rows.filter(({ source }) => source !== '');
    const exchanges = named.flatMap(({ source, routingKey }) => (routingKey === queue ? [source] : []));
    const exchange = exchanges.find((each) => each === prefer) ?? exchanges[0];
    if (exchange !== undefined) {
      return { bindings: 'own', exchange };
    }
    return { bindings: named.length > 0 ? 'other' : 'none' };
  }
}
