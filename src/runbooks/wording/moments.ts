/** Moment with its zone, for whoever reads it anywhere: `2026-11-30 14:05:09 UTC`. */
export const utcMoment = (atMs: number): string => `${utcDay(atMs)} ${utcTime(atMs)}`;

/** Time of day with its zone: `14:05:09 UTC`. */
export const utcTime = (atMs: number): string => `${new Date(atMs).toISOString().slice(11, 19)} UTC`;

/** Day, in UTC: `2026-11-30`. */
export const utcDay = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

/** Moment as it stands in a column whose heading has the zone. */
export const withoutZone = (moment: string): string => moment.replace(/ UTC$/, '');
