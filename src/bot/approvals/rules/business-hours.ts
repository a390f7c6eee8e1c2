import type { BusinessHours } from '../../config/config.ts';

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Whether this moment is within the hours, by the clock of their own time zone. */
export function isWithin(
  { days: open, fromMinute, untilMinute, timezone }: BusinessHours,
  atMs: number,
): boolean {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(atMs));
  const of = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? '';
  const minute = Number(of('hour')) * 60 + Number(of('minute'));
  return open.includes(days.indexOf(of('weekday')) + 1) && minute >= fromMinute && minute < untilMinute;
}
