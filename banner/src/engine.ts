// Judges everything the gates ask about, from the rules and the choice as it stands. Holds the choice; knows no gate by
// name, no DOM event and no server.

import { type Choice, isComplete, purposeGranted, serviceGranted, trackerGranted } from './choice';
import type { Configuration, Kind, Service } from './configuration';
import { getAttribute } from './dom';
import { createElements } from './elements';
import { type FirstWrites, nameIn } from './first-writes';
import type { Engine, Verdict } from './gates/gate';
import { CAP_SECONDS } from './lifetime';
import { Address, baseOf, bare, quietly, resolve, turn } from './page';
import { type Addressed, compile, type Named } from './rules';
import { type SameSite } from './same-site';
import { hostOf } from './url-pattern';
import { currentWriter } from './writer';

const OURS = /^eu-consent(-(outbox|writes|receipt|probe))?$/;
const MOST_FACTS = 300; // the newest are kept
const LONGEST = 300;
const MOST_KNOWN = 1000; // a page that makes up names must not fill the memory

/** What rules and choice say of a name; when nobody's it was found to be by what is on the device, and by who writes it. */
interface Known {
  readonly said: Verdict | undefined;
  readonly known: boolean;
  seen?: object;
  asked?: object;
}

/** One decision, as it is kept until somebody asks: no text is put together before. */
export type Fact = readonly [gate: string, what: string, verdict: Verdict, writer: string | null | undefined];

export interface Core extends Engine {
  choice: Choice | null;
  facts(): Fact[]; // oldest first
  has(id: string): boolean; // is this purpose, or this service, granted now?
}

export interface Surroundings {
  readonly own: string; // URL of our script
  readonly nonce: string;
  readonly base: string; // what our server's addresses for this site begin with
  readonly writes: FirstWrites;
  readonly sameSite: SameSite;
  readonly now: () => number;
  readonly placeholder: Engine['placeholder'];
  readonly again: Engine['again'];
}

export function createEngine(configuration: Configuration, { own: ourUrl, base: server, nonce, sameSite, writes, now, placeholder, again }: Surroundings): Core {
  const cap = Math.min(CAP_SECONDS, configuration.max_lifetime_seconds || CAP_SECONDS);
  const rules = compile(configuration, hostOf(location));

  const verdict = (allowed: boolean, why: Verdict['why'], service: Service | null = null, lifetime = cap): Verdict => ({ allowed, why, service, lifetime });
  const pass = verdict(true, 'unknown', null, CAP_SECONDS);
  const strict = verdict(false, 'unknown third parties are blocked');
  const own = verdict(true, 'ours', null, CAP_SECONDS);
  const granted = (service: Service): boolean => serviceGranted(configuration, engine.choice, service);
  const ofService = (service: Service, why: Verdict['why']): Verdict => verdict(granted(service), why, service);
  const ofAddress = (rule: Addressed): Verdict => (rule.service.preload ? verdict(true, rule, rule.service) : ofService(rule.service, rule));
  const ofTracker = ({ service, tracker }: Named): Verdict =>
    verdict(trackerGranted(configuration, engine.choice, service, tracker), tracker, service, Math.min(tracker.lifetime_seconds ?? cap, cap));
  // Of equally specific rules one yes is enough: the thing is wanted for a purpose that was granted.
  const anyOf = (verdicts: Verdict[]): Verdict | undefined => verdicts.find(({ allowed }) => allowed) || verdicts[0];

  // Pages use the same names and addresses again and again: what is known of each, by kind (none: addresses), as long as
  // choice and base are the same.
  let known: { [kind: string]: Map<unknown, any> };
  let choice: Choice | null | undefined;
  let base: string;
  function remembered<T>(kind: string, key: unknown, judge: () => T): T {
    if (choice !== engine.choice || (!kind && base !== baseOf(document))) [known, choice, base] = [bare(), engine.choice, baseOf(document)];
    const all = (known[kind] ||= new Map());
    let found = all.get(key);
    if (!found) {
      found = judge();
      if (all.size >= MOST_KNOWN) all.clear();
      if (('' + key).length < LONGEST) all.set(key, found);
    }
    return found;
  }

  const facts: Fact[] = [];
  let told = 0;

  const engine: Core = {
    choice: null,
    rules,
    writes,
    now,
    elements: null!,
    nonce,
    codeOf: () => undefined,
    ours: (url) => url === ourUrl || url.startsWith(server), // the site's own server may be where our script comes from
    answered: () => isComplete(configuration, engine.choice),
    watch() {},
    write() {},
    writers: new WeakMap(),
    placeholder,
    again,
    writer: () => quietly(() => currentWriter(ourUrl)) ?? null,

    has(id) {
      const service = rules.service(id);
      return purposeGranted(configuration, engine.choice, id) || (!!service && granted(service));
    },

    judgeUrl(text) {
      return remembered('', text, () => {
        const url = quietly(() => resolve(text));
        if (!url || !/^(https?|wss?):$/.test(url.protocol)) return pass; // no URL, no request
        if (engine.ours(url.href)) return own;
        return anyOf(rules.addressed(url).map(ofAddress)) || (configuration.unknown_third_parties === 'block' && !sameSite(hostOf(url)) ? strict : pass);
      });
    },

    judgeText: (text) => rules.named(text).map(engine.judgeUrl).find(({ allowed }) => !allowed) || pass,

    judgeName(kind, name, writer) {
      const one = remembered<Known>(kind, name, () => ({
        said: OURS.test(name) ? own : anyOf(rules.trackers(kind, name).map(ofTracker)),
        known: kind === 'cookie' && rules.known(name),
      }));
      if (one.said) return one.said;
      const now = turn();
      if (one.seen !== now) {
        const attributed = rules.service(writes.serviceOf(nameIn(kind, name)) || '');
        if (attributed && !granted(attributed)) return ofService(attributed, 'written by it before');
        one.seen = now;
      }
      if (one.known) return verdict(false, 'a known tracker outside the catalogue');
      // What the page's own code has written is its own until that code has come to its end: stacks are dear.
      if (!writer || one.asked === now) return pass;
      if (kind === 'cookie' && configuration.unknown_cookies === 'block') return verdict(false, 'unknown cookies are blocked');
      const script = writer();
      const found = script && anyOf(rules.addressed(resolve(script)).map(({ service, text }) => ofService(service, 'written by ' + text)));
      if (!found) one.asked = now;
      return found || pass;
    },

    judgeElement(element, url) {
      const wanted = getAttribute(element, 'data-consent');
      const id = getAttribute(element, 'data-consent-service');
      const byUrl = url === null ? pass : engine.judgeUrl(url);
      if (wanted === null && id === null) return byUrl;
      const named = id === null ? byUrl.service : rules.service(id) || null;
      return verdict(
        byUrl.allowed &&
          (id === null || (!!named && granted(named))) &&
          // A service that was granted by itself (its placeholder) needs no more than that.
          (!wanted || !!(named && engine.choice?.services[named.id]) || purposeGranted(configuration, engine.choice, wanted)) &&
          (!!wanted || id !== null || !!byUrl.service), // tagged with nothing and ruled by nothing: nobody can grant it
        'tagged ' + (id ?? wanted),
        named,
      );
    },

    told(gate, what, verdict, writer) {
      if (verdict.service || !verdict.allowed) facts[told++ % MOST_FACTS] = [gate, what.slice(0, LONGEST), verdict, writer];
    },
    facts: () => facts.map((_, i) => facts[(told > MOST_FACTS ? told + i : i) % MOST_FACTS]!),
  };
  (engine as { elements: Engine['elements'] }).elements = createElements(engine);
  return engine;
}
