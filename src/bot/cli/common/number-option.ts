/** A whole number above 0, as an option has it; undefined where it is not given. Throws with the cure. */
export function numberOption(option: string, text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000) {
    throw new Error(
      `${option}: expected a whole number from 1 to 1000000, got ${JSON.stringify(text)}. Write 60.`,
    );
  }
  return value;
}
