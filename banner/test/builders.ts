// Small configurations and doubles for the tests.
import type { Configuration, Service, Tracker } from '../src/configuration';
import type { Store } from '../src/store';

export const tracker = (name: string, purpose: string | null, more: Partial<Tracker> = {}): Tracker => ({
  name, kind: 'cookie', purpose, domain: 'site', lifetime_seconds: 33955200, exemption: false, ...more,
});

export const service = (id: string, purpose: string | null, more: Partial<Service> = {}): Service => ({
  id, name: id, purpose, exempt: false, url_patterns: [], trackers: [], ...more,
});

export const configuration = (services: Service[] = [], more: Partial<Configuration> = {}): Configuration => ({
  site_key: 'demo', version: 17, digest: 'sha256:0', default_language: 'fr', languages: ['fr', 'en'],
  max_lifetime_seconds: 33955200, choice_lifetime: 'P6M', unknown_third_parties: 'allow', unknown_cookies: 'allow',
  known_trackers: [], reload_on_withdrawal: true,
  purposes: ['necessary', 'audience', 'social'].map((id) => ({ id, exempt: id === 'necessary', since: 1, title: {}, description: {} })),
  services, banner: {} as Configuration['banner'], signals: {}, ...more,
});

/** A cookie jar that keeps what it is given, by name; enough for one host and path. */
export function jar(text = '') {
  const cookies = new Map(text.split('; ').filter(Boolean).map((pair) => [pair.split('=')[0]!, pair]));
  const written: string[] = [];
  return {
    written,
    read: () => [...cookies.values()].join('; '),
    write(line: string) {
      written.push(line);
      const pair = line.split(';')[0]!;
      if (/Max-Age=(0|-)/.test(line)) cookies.delete(pair.split('=')[0]!);
      else cookies.set(pair.split('=')[0]!, pair);
    },
  };
}

/** A storage that never fails. */
export function store(): Store {
  const kept = new Map<string, string>();
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => void kept.set(key, value),
    remove: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}
export const DAY = 86400e3;
