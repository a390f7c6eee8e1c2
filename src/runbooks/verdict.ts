/** Decision to go, or to stop and say why. Expected answers are values, never throws. */
export type Verdict =
  | { readonly go: true; readonly because?: string }
  | { readonly go: false; readonly because: string };
