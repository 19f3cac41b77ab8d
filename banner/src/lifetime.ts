// How long things may live. ISO 8601 durations by calendar arithmetic, the cap in seconds (DUR-01).
// Python twin: consent_server/domain/lifetime.py; both read tests/vectors/lifetimes.json.

export const CAP_SECONDS = 33955200; // 393 days: never more than 13 calendar months
const MEAN_MONTH_SECONDS = 2629746;
const MOST_SECONDS = 1200 * MEAN_MONTH_SECONDS; // a hundred years
const DURATION = /^P(?=.)(\d{1,10}Y)?(\d{1,10}M)?(\d{1,10}W)?(\d{1,10}D)?(T(?=.)(\d{1,10}H)?(\d{1,10}M)?(\d{1,10}S)?)?$/;

export interface Lifetime {
  readonly months: number;
  readonly seconds: number;
}

/** Read a duration; null when it is none. `session` is zero of both. */
export function parseLifetime(text: string): Lifetime | null {
  if (text === 'session') return { months: 0, seconds: 0 };
  const found: any = DURATION.exec(text)?.map((part) => parseInt(part) || 0);
  if (!found) return null;
  const [, years, months, weeks, days, , hours, minutes, seconds] = found;
  const total = { months: 12 * years + months, seconds: 86400 * (7 * weeks + days) + 3600 * hours + 60 * minutes + seconds };
  const nominal = nominalSeconds(total);
  return nominal && nominal <= MOST_SECONDS ? total : null;
}

/** Length with mean months: only to compare, never to compute an end. */
export const nominalSeconds = ({ months, seconds }: Lifetime): number => months * MEAN_MONTH_SECONDS + seconds;

/** When something that began at `start` (ms) must be gone: the same day so many calendar months later, clamped to the end
 * of the month, and the cap applied. A duration we cannot read lasts six months. */
export function endOf(start: number, text: string): number {
  const { months, seconds } = parseLifetime(text) || { months: 6, seconds: 0 };
  const date = new Date(start);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + months);
  if (date.getUTCDate() !== day) date.setUTCDate(0); // 31 February is 3 March: the last day before
  return Math.min(+date + seconds * 1000, start + CAP_SECONDS * 1000);
}
