// Which service does a URL belong to, which tracker is a name: the configuration's patterns, compiled once.
// Knows no vendor and nothing of what the visitor answered. The most specific pattern wins; of equals, all are returned.

import type { Configuration, Kind, Service, Tracker } from './configuration';
import { matchesName, specificity } from './name-pattern';
import type { Parts } from './page';
import { hostOf, isWithin, matchesUrl, parseUrlPattern, type UrlPattern } from './url-pattern';

export interface Named {
  readonly service: Service;
  readonly tracker: Tracker;
}

export interface Addressed extends UrlPattern {
  readonly service: Service;
  readonly text: string; // the pattern as the site wrote it
}

export interface Rules {
  service(id: string): Service | undefined;
  addressed(url: Parts): Addressed[];
  trackers(kind: Kind, name: string): Named[];
  all(kind: Kind): Named[];
  known(name: string): boolean;
  mentions(markup: string): boolean;
  named(text: string): string[]; // addresses on ruled hosts that stand in a text
}

/** The heaviest of what was found, all of them when equal. */
function heaviest<T extends { weight: number }>(found: T[]): T[] {
  const most = Math.max(...found.map(({ weight }) => weight));
  return found.filter(({ weight }) => weight === most);
}

// A host spelled so that it cannot be read off: entities, escapes, line breaks, letters that stand for others.
const HIDDEN = /\/\/[\w.:-]*([\t\n\r](?=\w)|[%&\\]|[^\x00-\x7f])/;
const LONGEST_HOST = 254; // of those that a rule may name; a page may make up longer ones

export function compile({ services, unknown_third_parties, known_trackers }: Configuration, host: string): Rules {
  const hosts = new Map<string, Addressed[]>();
  for (const service of services) {
    for (const text of service.url_patterns) {
      const pattern = { ...parseUrlPattern(text), service, text };
      hosts.set(pattern.host, [...(hosts.get(pattern.host) || []), pattern]);
    }
  }
  // What stands in every address that a rule means: its host, or some of its path where the host may be left out.
  const words = [...hosts].flatMap(([name, patterns]) => [
    name,
    ...(isWithin(host, name) ? patterns.map(({ path }) => path.toLowerCase().split(/[*/]/).sort((a, b) => b.length - a.length)[0]!) : []),
  ]);
  // Name before domain: a domain only tells apart what is named alike.
  const weigh = ({ name, domain }: Tracker): number => specificity(name) + (domain === 'site' ? 0 : domain.length / 1e3);
  const names = services.flatMap((service) => service.trackers.map((tracker) => ({ service, tracker, weight: weigh(tracker) })));
  const all = (kind: Kind) => names.filter(({ tracker }) => tracker.kind === kind);

  return {
    service: (id) => services.find((one) => one.id === id),
    all,
    addressed(url) {
      const labels = hostOf(url).slice(-LONGEST_HOST).split('.');
      const near = labels.flatMap((_, i) => hosts.get(labels.slice(i).join('.')) || []);
      return near[0] ? heaviest(near.filter((pattern) => matchesUrl(pattern, url))) : near;
    },
    trackers: (kind, name) => heaviest(all(kind).filter(({ tracker: { name: pattern, domain } }) =>
      matchesName(pattern, name) && (domain === 'site' || isWithin(host, domain.replace(/^\./, '').toLowerCase())))),
    known: (name) => known_trackers.some((pattern) => matchesName(pattern, name)),
    // A cheap test that keeps the cost off innocent markup: may it name a ruled address at all?
    mentions(markup) {
      const text = markup.toLowerCase();
      return (unknown_third_parties === 'block' && text.includes('//')) || words.some((word) => text.includes(word)) || HIDDEN.test(text);
    },
    named(text) {
      const lower = text.toLowerCase();
      const found: string[] = [];
      for (const host of hosts.keys()) {
        for (let at = -1; (at = lower.indexOf(host, at + 1)) >= 0; ) found.push('https://' + /^[^\s"'`<>\\()]*/.exec(text.slice(at, at + 500)));
      }
      return found;
    },
  };
}
