// Is this host part of the page's own site? Browsers do not tell where a public suffix ends, but they refuse cookies for
// one: the shortest suffix of our host that takes a cookie is the site. Asked once, and only where it matters.

import type { Jar } from './saved-choice';
import { isWithin } from './url-pattern';

export type SameSite = (host: string) => boolean;

const PROBE = 'eu-consent-probe=';

export function siteOf(host: string, jar: Jar): string {
  const labels = /^[\d.]+$|:/.test(host) ? [] : host.split('.'); // an address has no suffixes
  const suffixes = labels.map((_, i) => labels.slice(i).join('.')).reverse();
  return suffixes.find((domain) => {
    const attributes = '; Path=/; Domain=' + domain + '; SameSite=Lax';
    jar.write(PROBE + '1' + attributes);
    const taken = jar.read().includes(PROBE + '1');
    jar.write(PROBE + attributes + '; Max-Age=0');
    return taken;
  }) ?? host;
}

export function sameSite(host: string, jar: Jar): SameSite {
  let site: string | undefined;
  return (other) => isWithin(other, (site ??= siteOf(host, jar)));
}
