// Is this host part of the page's own site? Browsers do not tell where a public suffix ends, but they refuse cookies for
// one: the shortest suffix of our host that takes a cookie is the site. Asked once, and only where it matters.

import { namesIn } from './cookie-string';
import type { Jar } from './saved-choice';
import { isWithin } from './url-pattern';

export type SameSite = (host: string) => boolean;

export const PROBE = 'eu-consent-probe';

/** Every suffix of a host, itself first; an address has none, and one label alone is nobody's. */
export const suffixesOf = (host: string): string[] => {
  const labels = /^[\d.]+$|:/.test(host) ? [] : host.split('.');
  return labels.map((_, i) => labels.slice(i).join('.')).filter((suffix) => suffix === host || suffix.includes('.'));
};

/** Does the browser take a cookie of this name, for this domain ('': the host alone)? It is gone again at once. */
export function takes(jar: Jar, name: string, domain: string): boolean {
  const attributes = '; Path=/' + (domain && '; Domain=' + domain) + '; SameSite=Lax';
  jar.write(name + '=1' + attributes);
  const taken = namesIn(jar.read()).includes(name);
  jar.write(name + '=' + attributes + '; Max-Age=0');
  return taken;
}

export const siteOf = (host: string, jar: Jar): string => suffixesOf(host).reverse().find((domain) => takes(jar, PROBE, domain)) ?? host;

export function sameSite(host: string, jar: Jar): SameSite {
  let site: string | undefined;
  return (other) => isWithin(other, (site ??= siteOf(host, jar)));
}
