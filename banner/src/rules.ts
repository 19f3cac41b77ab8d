// Which service does a URL belong to, which tracker is a name: the configuration's patterns, compiled once.
// Knows no vendor and nothing of what the visitor answered. The most specific pattern wins; of equals, all are returned.

import type { Configuration, Kind, Service, Tracker } from './configuration';
import { matchesName, specificity } from './name-pattern';
import { isWithin, matchesUrl, parseUrlPattern } from './url-pattern';

export interface Named {
  readonly service: Service;
  readonly tracker: Tracker;
}

export interface Rules {
  service(id: string): Service | undefined;
  services(url: URL): Service[];
  trackers(kind: Kind, name: string, host: string): Named[];
  all(kind: Kind): Named[];
  known(name: string): boolean;
  mentions(markup: string): boolean;
}

/** The heaviest of what was found, all of them when equal. */
const heaviest = <T extends { weight: number }>(found: T[]): T[] =>
  found.filter(({ weight }) => weight === Math.max(...found.map((one) => one.weight)));

export function compile({ services, unknown_third_parties, known_trackers }: Configuration): Rules {
  const urls = services.flatMap((service) => service.url_patterns.map((text) => ({ ...parseUrlPattern(text), service })));
  const names = services.flatMap((service) => service.trackers.map((tracker) => ({ service, tracker, weight: specificity(tracker.name) })));
  const all = (kind: Kind) => names.filter(({ tracker }) => tracker.kind === kind);

  return {
    service: (id) => services.find((one) => one.id === id),
    all,
    services: (url) => heaviest(urls.filter((pattern) => matchesUrl(pattern, url))).map(({ service }) => service),
    trackers: (kind, name, host) =>
      heaviest(all(kind).filter(({ tracker: { name: pattern, domain } }) =>
        matchesName(pattern, name) && (domain === 'site' || isWithin(host, domain.replace(/^\./, '').toLowerCase())))),
    known: (name) => known_trackers.some((pattern) => matchesName(pattern, name)),
    // A cheap test that keeps the cost off innocent markup: does it name a ruled host at all?
    mentions: (markup) =>
      (unknown_third_parties === 'block' && markup.includes('//')) || urls.some(({ host }) => markup.toLowerCase().includes(host)),
  };
}
