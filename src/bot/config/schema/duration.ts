const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a duration looks like in the configuration. */
export const durationPattern = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** "15s", "10m", "1.5h" → milliseconds; undefined when it is none of that. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text.trim());
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return match && unitMs !== undefined ? Math.round(Number(match[1]) * unitMs) : undefined;
}
