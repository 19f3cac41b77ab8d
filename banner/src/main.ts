// Starts everything, in the order that matters: gates shut before anything else of the page runs, then the device is
// cleaned, then what was granted may go on, then the visitor is asked if there is something to ask.

import { createAnswering, standing } from './answering';
import { createAsking } from './asking';
import { decisionsOf, isComplete } from './choice';
import { createCleanup } from './cleanup';
import type { Configuration } from './configuration';
import { createEngine } from './engine';
import { createEvents } from './events';
import { firstWrites } from './first-writes';
import type { Gate } from './gates/gate';
import { GATES } from './gates/index';
import { openers, placeholders, policies } from './hooks';
import { chooseLanguage } from './language';
import { endOf } from './lifetime';
import { observe } from './observer';
import { createOutbox } from './outbox';
import { bare, dispatch, isOurs, quietly, rootOf, visibilityOf, whenParsed } from './page';
import { createParts } from './parts';
import { createApi, describe, publish } from './public-api';
import { sameSite } from './same-site';
import { COOKIE, savedChoice } from './saved-choice';
import { look } from './surroundings';
import { createView } from './view/index';

const PATIENCE = 300; // ms between a withdrawal and the reload that stops what already runs; the gates are shut meanwhile

declare const $consent: Configuration | undefined;

function boot(configuration: Configuration, tag: HTMLScriptElement | null): void {
  const { own, base, nonce, jar, stores, now, fetch, later, drawn } = look(tag);
  const store = stores.localStorage;
  const { languages, default_language, choice_lifetime } = configuration;
  const language = (): string => chooseLanguage(rootOf(document).lang, navigator.languages || [], languages, default_language);

  // 1. The rules, the choice that stands, and every gate shut.
  const saved = savedChoice(jar, store, choice_lifetime, location.protocol === 'https:', now);
  const found = saved.read();
  // Firefox alone knows the argument: else it would bring frames back with what they showed, whatever the markup says.
  const reload = (tried: Promise<void>): void =>
    void Promise.race([tried, new Promise((over) => later(over, PATIENCE))]).then(() => (location as any).reload(true));
  const engine = createEngine(configuration, {
    own,
    base,
    nonce,
    now,
    writes: firstWrites(store, now),
    sameSite: sameSite(location.hostname, jar),
    // With the choice on the device the parser meets a script where it stands. Once: this page must not be a page that was
    // loaded again, for whatever reason, nor one that would ask the visitor again.
    again(what) {
      const [{ type }] = performance.getEntriesByType('navigation') as [PerformanceNavigationTiming];
      if (type === 'reload' || !configuration.reload_on_withdrawal || saved.read().state !== 'valid') return false;
      console.info('Consent Server: the page is loaded again for', what);
      reload(new Promise(() => {}));
      return true;
    },
    placeholder: placeholders(() => asking.view(), (answers) => answering.some(answers)),
  });
  const parts = createParts({
    site: configuration,
    has: engine.has,
    decisions: () => decisionsOf(configuration, engine.choice),
    cookies: jar.read,
    endOf: (time) => endOf(time, choice_lifetime),
  });
  engine.choice = standing(configuration, found);
  const gates: Gate[] = GATES.flatMap((create) => quietly(() => create(engine)) || []);
  const told = (): void => parts.forEach((part) => quietly(() => part.told?.()));

  // 2. What follows an answer.
  const events = createEvents();
  const cleanup = createCleanup(engine, jar, stores);
  const outbox = createOutbox({ url: base + 'consents', store, lifetime: endOf(0, choice_lifetime), now, fetch, later });
  const tell = (topic: 'ready' | 'change'): void => {
    events.tell(topic, describe(configuration, engine.choice));
    const detail = bare({ decisions: decisionsOf(configuration, engine.choice) });
    dispatch(document, new CustomEvent('consent:' + topic, bare({ detail }) as CustomEventInit));
  };
  const asking = createAsking(configuration, engine, () => answering, events, createView, language, nonce, {
    page: (name, query = '?lang=' + language()) => base + name + query,
    declared: async (lang) => (await fetch(base + 'policy.json?lang=' + lang + '&version=' + configuration.version)).json(),
  });
  const answering = createAnswering({
    configuration, engine, saved, told, cleanup, outbox, language, now,
    openGates: () => gates.forEach(({ open }) => quietly(() => open?.())),
    show: (action) => void quietly(() => asking.show(!!action && !/^(expire|gpc|import)$/.test(action))),
    changed: () => void quietly(() => tell('change')),
    drawn, reload,
  });

  // 3. What is on the device and not granted goes before the page runs.
  const isNew = found.state === 'none' && !store.get(COOKIE); // the mirror tells of a cookie that was lost
  const [imported] = isNew ? parts.flatMap((part) => quietly(() => part.imported?.()) || []) : [];
  if (found.state === 'expired') answering.expire(found.id);
  else if (imported) answering.take(imported);
  if (!answering.obey(found.state === 'valid' && found.controlled) && found.state !== 'expired' && !imported) {
    if (engine.choice) told();
    cleanup();
  }

  // 4. The page may talk to us, and its elements are seen as they come.
  let ready = false;
  const open = (): void => whenParsed(() => void quietly(() => asking.view()?.open()));
  const drain = publish(createApi({ configuration, engine, gates, parts, answering, events, outbox, open, isReady: () => ready }));
  openers(open);
  engine.watch = observe([...gates, engine.elements, { selector: '[data-consent-policy]', seen: policies(() => asking.view()) }]);
  whenParsed(() => {
    quietly(() => asking.show(false));
    // Nothing of the visitor, the page or the device: a number goes up, on sites that ask for it.
    if (configuration.count_notices && !isComplete(configuration, engine.choice) && asking.view())
      fetch(base + 'shown?lang=' + language() + '&version=' + configuration.version, bare<unknown>({ method: 'POST' })).catch(quietly);
    // From the page of the visitor's choices. Once: the page may be loaded again.
    if (location.hash === '#' + COOKIE) {
      open();
      quietly(() => history.replaceState(null, '', '#'));
    }
    ready = true;
    quietly(drain);
    quietly(() => tell('ready'));
  });

  // 5. Records that are still on their way; choices made elsewhere.
  outbox.send();
  window.addEventListener('online', outbox.send);
  window.addEventListener('storage', ({ key }) => key === COOKIE && answering.adopt());
  window.addEventListener('pageshow', ({ persisted }) => persisted && answering.adopt());
  document.addEventListener('visibilitychange', () => visibilityOf(document) === 'visible' && answering.adopt());
}

if (typeof $consent !== 'undefined' && !isOurs(window)) {
  const { currentScript } = document;
  // Still before the page's next script, but with an empty stack: where a cookie is read or an error made, Chromium notes
  // the place, and for that parses anew every function on the stack, all of this file among them.
  queueMicrotask(() => {
    try {
      boot($consent, currentScript instanceof HTMLScriptElement ? currentScript : null);
    } catch (error) {
      console.error('Consent Server:', error); // never into the page
    }
  });
}
