// How long things may live. ISO 8601 durations by calendar arithmetic, the cap in seconds (DUR-01).
// Python twin: consent_server/domain/lifetime.py; both read tests/vectors/lifetimes.json.

export const CAP_SECONDS = 33955200; // 393 days: never more than 13 calendar months
const MEAN_MONTH_SECONDS = 2629746;
const DURATION =
  /^P(?=.)(?:(\d{1,10})Y)?(?:(\d{1,10})M)?(?:(\d{1,10})W)?(?:(\d{1,10})D)?(?:T(?=.)(?:(\d{1,10})H)?(?:(\d{1,10})M)?(?:(\d{1,10})S)?)?$/;

export interface Lifetime {
  readonly months: number;
  readonly seconds: number;
}

/** Read a duration; null when it is none. `session` is zero of both. */
export function parseLifetime(text: string): Lifetime | null {
  if (text === 'session') return { months: 0, seconds: 0 };
  const found = DURATION.exec(text);
  if (!found) return null;
  const [years, months, weeks, days, hours, minutes, seconds] = found.slice(1).map((digits) => +(digits ?? 0)) as number[];
  const total = { months: 12 * years! + months!, seconds: 86400 * (7 * weeks! + days!) + 3600 * hours! + 60 * minutes! + seconds! };
  const nominal = nominalSeconds(total);
  return nominal && nominal <= 1200 * MEAN_MONTH_SECONDS ? total : null;
}

/** Length with mean months: only to compare, never to compute an end. */
export const nominalSeconds = ({ months, seconds }: Lifetime): number => months * MEAN_MONTH_SECONDS + seconds;

/** The same day so many calendar months later, clamped to the end of the month. */
export function addMonths(start: number, months: number): number {
  const date = new Date(start);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  date.setUTCDate(Math.min(day, new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()));
  return date.getTime();
}

/** When something that began at `start` (ms) must be gone, the cap applied. A duration we cannot read lasts six months. */
export function endOf(start: number, text: string): number {
  const { months, seconds } = parseLifetime(text) || { months: 6, seconds: 0 };
  return Math.min(addMonths(start, months) + seconds * 1000, start + CAP_SECONDS * 1000);
}
