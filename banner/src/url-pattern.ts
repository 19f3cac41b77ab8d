// Does this URL match that pattern: `host/path*` or `*.host/*`, port only where the pattern names one.
// Python twin: consent_server/domain/url_pattern.py; both read tests/vectors/url_patterns.json.

import { matchesName } from './name-pattern';

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
  const subdomains = name.startsWith('*.');
  const host = subdomains ? name.slice(2) : name;
  const path = text.slice(slash);
  const weight = (subdomains ? 0 : 1e7) + host.length * 1e4 + path.split('*').join('').length;
  return { host, subdomains, port, path, weight };
}

/** Host names compare in lower case (the URL parser sees to that) and without the dot of the root. */
export const hostOf = (url: URL | Location): string =>
  url.hostname.endsWith('.') ? url.hostname.slice(0, -1) : url.hostname;

const DEFAULT_PORTS: { [scheme: string]: string } = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443' };

export function matchesUrl(pattern: UrlPattern, url: URL): boolean {
  const host = hostOf(url);
  if (pattern.port && pattern.port !== (url.port || DEFAULT_PORTS[url.protocol])) return false;
  if (host !== pattern.host && !(pattern.subdomains && host.endsWith('.' + pattern.host))) return false;
  const path = url.pathname || '/';
  return (
    matchesName(pattern.path, path) ||
    (!!url.search && pattern.path.includes('*') && matchesName(pattern.path, path + url.search))
  );
}
