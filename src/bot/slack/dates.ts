const dateToken = /<!date\^(\d+)\^([^|>]*)\|[^>]*>/g;

/**
 * Slack shows `<!date^…>` in each reader's own time zone. Its stand-ins show the token itself, so for them the time is
 * written out, in this machine's time zone.
 */
export function datesFor(apiUrl: string): <Payload>(payload: Payload) => Payload {
  const isSlack = /(^|\.)slack\.com$/.test(new URL(apiUrl).hostname);
  return isSlack ? (payload) => payload : writeOut;
}

function writeOut<Payload>(payload: Payload): Payload {
  // A payload is JSON by its nature: the same value comes back with other texts in it.
  return JSON.parse(JSON.stringify(payload), (_key, value: unknown) =>
    typeof value === 'string'
      ? value.replace(dateToken, (_token, seconds: string, format: string) =>
          written(Number(seconds), format),
        )
      : value,
  ) as Payload;
}

function written(seconds: number, format: string): string {
  const at = new Date(seconds * 1000);
  const two = (count: number): string => String(count).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return format.includes('date')
    ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
    : time;
}
