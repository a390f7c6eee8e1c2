import type { CommonOptions } from '../common/console.ts';

/** What `watership audit` takes. */
export interface AuditOptions extends CommonOptions {
  readonly run?: string;
  readonly incident?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly verify?: boolean;
  readonly file?: readonly string[];
  readonly markdown?: boolean;
}
