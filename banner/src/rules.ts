// Which service does a URL belong to, which tracker is a name: the configuration's patterns, compiled once.
// Knows no vendor and nothing of what the visitor answered. The most specific pattern wins; of equals, all are returned.

import type { Configuration, Kind, Service, Tracker } from './configuration';
import { matchesName, specificity } from './name-pattern';
import { matchesUrl, parseUrlPattern, type UrlPattern } from './url-pattern';

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
function heaviest<T>(found: readonly { weight: number; what: T }[]): T[] {
  const most = Math.max(...found.map((one) => one.weight));
  return found.filter((one) => one.weight === most).map((one) => one.what);
}

const covers = (domain: string, host: string): boolean => {
  const name = domain.replace(/^\./, '').toLowerCase();
  return name === 'site' || host === name || host.endsWith('.' + name);
};

export function compile(configuration: Configuration): Rules {
  const byId = new Map<string, Service>();
  const byHost = new Map<string, { pattern: UrlPattern; service: Service }[]>();
  const byKind = new Map<Kind, Named[]>();

  for (const service of configuration.services) {
    byId.set(service.id, service);
    for (const text of service.url_patterns) {
      const pattern = parseUrlPattern(text);
      byHost.set(pattern.host, [...(byHost.get(pattern.host) || []), { pattern, service }]);
    }
    for (const tracker of service.trackers) {
      byKind.set(tracker.kind, [...(byKind.get(tracker.kind) || []), { service, tracker }]);
    }
  }

  const strict = configuration.unknown_third_parties === 'block';

  return {
    service: (id) => byId.get(id),
    all: (kind) => byKind.get(kind) || [],
    services(url) {
      const found = [];
      const labels = url.hostname.split('.').filter(Boolean);
      for (let i = 0; i < labels.length; i++) {
        for (const { pattern, service } of byHost.get(labels.slice(i).join('.')) || []) {
          if (matchesUrl(pattern, url)) found.push({ weight: pattern.weight, what: service });
        }
      }
      return heaviest(found);
    },
    trackers(kind, name, host) {
      const found = [];
      for (const what of byKind.get(kind) || []) {
        if (matchesName(what.tracker.name, name) && covers(what.tracker.domain, host)) {
          found.push({ weight: specificity(what.tracker.name), what });
        }
      }
      return heaviest(found);
    },
    known: (name) => configuration.known_trackers.some((pattern) => matchesName(pattern, name)),
    // A cheap test that keeps the cost off innocent markup: does it name a ruled host at all?
    mentions(markup) {
      if (strict && markup.includes('//')) return true;
      const text = markup.toLowerCase();
      for (const host of byHost.keys()) if (text.includes(host)) return true;
      return false;
    },
  };
}
