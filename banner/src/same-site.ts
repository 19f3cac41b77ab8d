// Is this host part of the page's own site? Browsers do not tell where a public suffix ends, but they refuse cookies for
// one: the shortest suffix of our host that takes a cookie is the site. Asked once, and only where it matters.

import type { Jar } from './saved-choice';

export type SameSite = (host: string) => boolean;

const PROBE = 'eu-consent-probe';

export function siteOf(host: string, jar: Jar): string {
  const labels = host.split('.');
  if (/^[\d.]+$|:/.test(host)) return host; // an address has no suffixes
  for (let i = labels.length - 1; i >= 0; i--) {
    const domain = labels.slice(i).join('.');
    const attributes = '; Path=/; Domain=' + domain + '; SameSite=Lax';
    jar.write(PROBE + '=1' + attributes);
    const taken = jar.read().includes(PROBE + '=1');
    jar.write(PROBE + '=' + attributes + '; Max-Age=0');
    if (taken) return domain;
  }
  return host;
}

export function sameSite(host: string, jar: Jar): SameSite {
  let site: string | undefined;
  return (other) => {
    site ??= siteOf(host, jar);
    return other === site || other.endsWith('.' + site);
  };
}
