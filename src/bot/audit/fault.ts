/** The first thing that is not as it was written, in words. */
export interface Fault {
  readonly kind:
    | 'edited'
    | 'missing'
    | 'out-of-order'
    | 'replaced'
    | 'forged-seal'
    | 'forged-trim'
    | 'unsealed'
    | 'truncated'
    | 'differs';
  /** The first entry it is about. */
  readonly sequence: number;
  readonly text: string;
}
