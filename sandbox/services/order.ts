/** What the sandbox can tell a service to do wrong. */
export type ServiceOrder =
  /** Open channels on its connection and keep them. */
  | { readonly do: 'leak'; readonly perSecond: number; readonly upTo: number }
  /** Stay connected and subscribed, and never finish a message again. */
  | { readonly do: 'hang' }
  /** Say much more than usual: `count` casts at this pace. */
  | {
      readonly do: 'flood';
      readonly kind: 'cast' | 'fanout';
      readonly topic: string;
      readonly method: string;
      readonly perSecond: number;
      readonly count: number;
    };

/** Parses what came over the message channel. */
export function isServiceOrder(value: unknown): value is ServiceOrder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'do' in value &&
    (value.do === 'leak' || value.do === 'hang' || value.do === 'flood')
  );
}
