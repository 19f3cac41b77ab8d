// window.consent: what site owners' scripts may rely on (CONTRACT 2). Frozen; says what is, lets the visitor's will be
// changed, and shows nothing of how it is enforced.

import { type Answers, type Choice, decisionsOf, isComplete } from './choice';
import type { Answering } from './answering';
import type { Configuration } from './configuration';
import type { Core, Fact } from './engine';
import type { Events, Topic } from './events';
import type { Gate } from './gates/gate';
import type { Outbox } from './outbox';
import type { Part } from './parts';
import { bare, defineProperty, quietly } from './page';
import { soundly } from './sound';

export interface ApiParts {
  readonly configuration: Configuration;
  readonly engine: Core;
  readonly gates: readonly Gate[];
  readonly parts: readonly Part[];
  readonly answering: Answering;
  readonly events: Events;
  readonly outbox: Outbox;
  readonly open: () => void;
  readonly isReady: () => boolean;
}

/** One decision, in words for site owners. */
const told = ([gate, what, { allowed, service, why }, writer]: Fact): object => {
  const rule: any = typeof why === 'string' ? { text: why } : why;
  return {
    gate, what, 'allowed': allowed, service: service && service.id, purpose: rule.purpose ?? service?.purpose ?? null,
    rule: rule.text || rule.name, 'writer': writer || null,
  };
};

const isFunction = (value: unknown): value is (detail?: unknown) => void => typeof value === 'function';

const { freeze } = Object;

export const describe = (configuration: Configuration, choice: Choice | null): object =>
  freeze({
    answered: isComplete(configuration, choice),
    decisions: freeze({ necessary: true, ...decisionsOf(configuration, choice) }),
    services: freeze({ ...choice?.services }),
    id: choice?.id ?? null,
    version: choice?.version ?? null,
    time: choice?.time ?? null,
  });

/** Whatever the page calls. */
const called = (api: object): object =>
  freeze(Object.fromEntries(Object.entries(api).map(([name, deed]) => [name, (first: unknown, second: unknown) => soundly(deed, first, second)])));

export function createApi({ configuration, engine, gates, parts, answering, events, outbox, open, isReady }: ApiParts): object {
  const has = (id: unknown): boolean => engine.has('' + id);

  return called({
    get: () => describe(configuration, engine.choice),
    has,
    open,
    acceptAll: () => answering.all(true),
    refuseAll: () => answering.all(false),
    withdraw: () => answering.all(false),
    set(answers: unknown) {
      const given = Object.entries(answers || {}).filter(([, answer]) => typeof answer === 'boolean');
      if (given[0]) answering.some(Object.fromEntries(given) as Answers);
    },
    'receipt': outbox.receipt,
    on(topic: Topic, listener: unknown) {
      if (!isFunction(listener)) return () => {};
      if (topic === 'ready' && isReady()) quietly(() => listener(describe(configuration, engine.choice)));
      return events.on(topic, listener);
    },
    whenGranted(id: unknown, deed: unknown) {
      if (!isFunction(deed)) return;
      if (has(id)) return void quietly(() => deed());
      const stop = events.on('change', () => {
        if (!has(id)) return;
        stop();
        deed();
      });
    },
    // Quoted: the build shortens these names elsewhere.
    debug: () => ({
      site_key: configuration.site_key,
      version: configuration.version,
      digest: configuration.digest,
      'choice': describe(configuration, engine.choice),
      gates: gates.map(({ name, held }) => ({ name, 'held': held ? held() : [] })),
      // What the gates decided about what is somebody's, then what the page asked for, as it is judged now.
      'decisions': [
        ...engine.facts(),
        ...performance.getEntriesByType('resource').map(({ name }): Fact => ['page', name, engine.judgeUrl(name), null]),
      ].map(told),
      ...Object.assign({}, ...parts.map((part) => quietly(() => part.report?.()))),
    }),
  });
}

/** `window.consent` for good, and `consentQueue`: what was pushed before we came, and what is pushed from now on. */
export function publish(api: object): () => void {
  defineProperty(window, 'consent', bare({ value: api, enumerable: true, writable: false, configurable: false }) as PropertyDescriptor);
  const push = (...deeds: unknown[]): number => {
    for (const deed of deeds) if (isFunction(deed)) quietly(() => deed(api));
    return 0;
  };
  const page = window as any;
  const drain = (): void => {
    const queue = page.consentQueue;
    page.consentQueue = { push };
    if (Array.isArray(queue)) push(...queue);
  };
  drain();
  return drain; // again later: a page may have written `consentQueue = []` after us
}
