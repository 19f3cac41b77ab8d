// What a page writes to document.cookie, read the way browsers read it (RFC 6265bis 5.6), and written again in one spelling
// that they all read alike: where they differ (a year of five digits, an empty Max-Age after another, a blank that is no
// ASCII), a deletion to one is a cookie to another. Knows nothing of consent.

export interface CookieWrite {
  readonly name: string;
  readonly pair: string; // name=value as it was written
  readonly attributes: readonly string[]; // as written, lifetimes included
  readonly domain: string;
  readonly path: string;
  readonly end: number | null; // ms since 1970; null: the browser session
}

const DELIMITERS = /[\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+/;
const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';

/** RFC 6265bis 5.1.1: the cookie date algorithm, which accepts more and less than Date.parse. NaN: no date. */
export function parseCookieDate(text: string): number {
  const tokens = text.split(DELIMITERS);
  // Each part is the first token of its shape that no earlier part has taken.
  const take = (shape: RegExp): string[] => {
    const at = tokens.findIndex((token) => shape.test(token));
    return at < 0 ? [] : shape.exec(tokens.splice(at, 1)[0]!)!;
  };
  const [, hour, minute, second] = take(/^(\d\d?):(\d\d?):(\d\d?)(?!\d)/) as any[];
  const [, day] = take(/^(\d\d?)(?!\d)/) as any[];
  const [month] = take(RegExp(`^(${MONTHS})`, 'i'));
  const [, year] = take(/^(\d\d\d?\d?)(?!\d)/) as any[];
  const full = +year + (year < 70 ? 2000 : year < 100 ? 1900 : 0);
  const at = new Date(Date.UTC(full, month ? MONTHS.indexOf(month.toLowerCase()) / 4 : NaN, day, hour, minute, second));
  // 30 February is no date
  return full > 1600 && hour < 24 && minute < 60 && second < 60 && at.getUTCDate() === +day ? +at : NaN;
}

/** Read one write. Of repeated attributes the last valid one counts; Max-Age wins over Expires. */
export function parseCookieWrite(text: string, now: number): CookieWrite {
  const [pair = '', ...attributes] = text.split(/[\0\r\n]/)[0]!.split(';'); // some browsers stop there, others refuse the whole
  // `=_ga=1` is a cookie without a name that reads back as `_ga=1`: it is judged as what it looks like.
  const name = nameOfPair(pair.replace(/^[\s=]+/, '')).trim();
  let domain = '';
  let path = '';
  let expires: number | null = null;
  let maxAge: number | null = null;
  for (const attribute of attributes) {
    const [before = ''] = attribute.split('=');
    const key = before.trim().toLowerCase();
    const value = attribute.slice(before.length + 1).trim();
    if (key === 'domain') domain = value.replace(/^\./, '').toLowerCase();
    if (key === 'path') path = value;
    const date = key === 'expires' ? parseCookieDate(value) : NaN;
    if (date === date) expires = date;
    // Chromium obeys a plus sign, which the RFC does not know.
    if (key === 'max-age' && /^[+-]?\d+$/.test(value)) maxAge = now + +value * 1000;
  }
  return { name, pair, attributes, domain, path, end: maxAge ?? expires };
}

/** The same write, ending at `end` (ms), or with the browser session when null; gone at once when that is over. */
export function withEnd({ pair, attributes }: CookieWrite, end: number | null, now: number): string {
  const kept = attributes.filter((attribute) => !/^\s*(expires|max-age)\s*(=|$)/i.test(attribute));
  const life = end === null ? [] : [' Max-Age=' + (end > now ? Math.max(1, Math.floor((end - now) / 1000)) : 0)];
  return [pair, ...life, ...kept].join(';');
}

/** Names in a document.cookie string, in its order; a pair without `=` has the empty name. */
export const namesIn = (cookies: string): string[] => (cookies ? cookies.split('; ').map(nameOfPair) : []);

export const nameOfPair = (pair: string): string => pair.slice(0, Math.max(0, pair.indexOf('=')));
