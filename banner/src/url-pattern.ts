// Does this URL match that pattern: `host/path*` or `*.host/*`, port only where the pattern names one.
// Python twin: consent_server/domain/url_pattern.py; both read tests/vectors/url_patterns.json.

import { matchesName } from './name-pattern';
import type { Parts } from './page';

export interface UrlPattern {
  readonly host: string; // lower case, without `*.`
  readonly subdomains: boolean;
  readonly port: string;
  readonly path: string; // begins with `/`
  readonly weight: number; // exact host, then longer host, then more of the path
}

export function parseUrlPattern(text: string): UrlPattern {
  const slash = text.indexOf('/');
  const [name = '', port = ''] = text.slice(0, slash).toLowerCase().split(':');
  const host = name.replace(/^\*\./, '');
  const subdomains = host !== name;
  const path = text.slice(slash);
  const weight = (subdomains ? 0 : 1e7) + host.length * 1e4 + path.split('*').join('').length;
  return { host, subdomains, port, path, weight };
}

/** Host names compare in lower case (the URL parser sees to that) and without the dot of the root. */
export const hostOf = (url: { hostname: string }): string => url.hostname.replace(/\.$/, '');

export const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith('.' + domain);

export function matchesUrl({ host, subdomains, port, path }: UrlPattern, url: Parts): boolean {
  const its = hostOf(url);
  const { pathname, search } = url;
  return (
    (subdomains ? isWithin(its, host) : its === host) &&
    (!port || port === (url.port || (/s:$/.test(url.protocol) ? '443' : '80'))) &&
    (matchesName(path, pathname) || (path.includes('*') && matchesName(path, pathname + search)))
  );
}
