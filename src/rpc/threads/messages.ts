import type { AccessPolicy } from '../dispatch/dispatcher.ts';

/** What a thread is started with. */
export interface ThreadData {
  /** URLs of modules that export `endpoints`. */
  readonly modules: readonly string[];
  readonly accessPolicy: AccessPolicy;
  readonly ping: boolean;
}

/** What a thread says: that its modules are loaded, and how each request ended. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'result'; readonly result: unknown }
  /** As JSON text: what was thrown may hold what cannot be copied. */
  | { readonly kind: 'failure'; readonly failure: string };
