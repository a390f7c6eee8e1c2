/** Fewer than this come and go at any moment, between the overview and the listing that follows it. */
const FEWEST_COUNTED = 10;
/** Of what the node counts. Even in a storm of reconnects the two, seconds apart, differ by less for more than one sweep. */
const LEAST_SHARE = 0.5;

/**
 * Why a listing is no listing, when far fewer came than the node itself counts in its overview: something on the way cuts
 * the answer short, or the user may not see the rest. What is left out would otherwise pass for gone. Undefined while the
 * two are near each other, or the node does not count.
 */
export function shortfall(what: string, listed: number, counted: number | undefined): string | undefined {
  if (counted === undefined || counted < FEWEST_COUNTED || listed >= counted * LEAST_SHARE) {
    return undefined;
  }
  return (
    `the node counts ${counted} ${what} but lists only ${listed} of them: ` +
    'check for a proxy that changes the answer, and give the user access to every virtual host'
  );
}
