// What a page writes to document.cookie, read the way browsers read it (RFC 6265bis 5.6), and written again with a
// shorter life. Knows nothing of consent.

export interface CookieWrite {
  readonly name: string;
  readonly pair: string; // name=value as it was written
  readonly attributes: readonly string[]; // as written, lifetimes included
  readonly domain: string;
  readonly path: string;
  readonly end: number | null; // ms since 1970; null: the browser session
}

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';
const DELIMITERS = /[\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+/;

/** RFC 6265bis 5.1.1: the cookie date algorithm, which accepts more and less than Date.parse. NaN: no date. */
export function parseCookieDate(text: string): number {
  let time: RegExpExecArray | null = null;
  let day = 0;
  let month = -1;
  let year = -1;
  for (const token of text.split(DELIMITERS)) {
    let found: RegExpExecArray | null;
    if (!time && (found = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/.exec(token))) time = found;
    else if (!day && (found = /^(\d{1,2})(?!\d)/.exec(token))) day = +found[1]!;
    else if (month < 0 && token.length > 2 && MONTHS.indexOf(token.slice(0, 3).toLowerCase()) % 3 === 0) {
      month = MONTHS.indexOf(token.slice(0, 3).toLowerCase()) / 3;
    } else if (year < 0 && (found = /^(\d{2,4})(?!\d)/.exec(token))) year = +found[1]!;
  }
  if (year >= 70 && year <= 99) year += 1900;
  else if (year >= 0 && year <= 69) year += 2000;
  if (!time || !day || month < 0 || year < 1601 || day > 31 || +time[1]! > 23 || +time[2]! > 59 || +time[3]! > 59) return NaN;
  const at = new Date(Date.UTC(year, month, day, +time[1]!, +time[2]!, +time[3]!));
  return at.getUTCDate() === day ? at.getTime() : NaN; // 30 February is no date
}

/** Read one write. Of repeated attributes the last valid one counts; Max-Age wins over Expires. */
export function parseCookieWrite(text: string, now: number): CookieWrite {
  const [pair = '', ...attributes] = text.split(';');
  // `=_ga=1` is a cookie without a name that reads back as `_ga=1`: it is judged as what it looks like.
  const name = nameOfPair(pair.replace(/^[\s=]+/, '')).trim();
  let domain = '';
  let path = '';
  let expires: number | null = null;
  let maxAge: number | null = null;
  for (const attribute of attributes) {
    const at = attribute.indexOf('=');
    const key = (at < 0 ? attribute : attribute.slice(0, at)).trim().toLowerCase();
    const value = at < 0 ? '' : attribute.slice(at + 1).trim();
    if (key === 'domain') domain = value.replace(/^\./, '').toLowerCase();
    else if (key === 'path') path = value;
    else if (key === 'expires') {
      const date = parseCookieDate(value);
      if (date === date) expires = date;
    } else if (key === 'max-age' && /^-?\d+$/.test(value)) maxAge = now + +value * 1000;
  }
  return { name, pair, attributes, domain, path, end: maxAge ?? expires };
}

/** The same write, ending at `end` (ms), or with the browser session when null. */
export function withEnd(write: CookieWrite, end: number | null, now: number): string {
  const kept = write.attributes.filter((attribute) => !/^\s*(expires|max-age)\s*(=|$)/i.test(attribute));
  if (end !== null) kept.push(' Max-Age=' + Math.max(1, Math.floor((end - now) / 1000)));
  return [write.pair, ...kept].join(';');
}

/** Names in a document.cookie string, in its order; a pair without `=` has the empty name. */
export const namesIn = (cookies: string): string[] => (cookies ? cookies.split('; ').map(nameOfPair) : []);

export const nameOfPair = (pair: string): string => {
  const equals = pair.indexOf('=');
  return equals < 0 ? '' : pair.slice(0, equals);
};
