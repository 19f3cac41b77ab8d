// Judges everything the gates ask about, from the rules and the choice as it stands. Holds the choice; knows no gate by
// name, no DOM event and no server.

import { type Choice, purposeGranted, serviceGranted, trackerGranted } from './choice';
import type { Configuration, Service } from './configuration';
import { createElements } from './elements';
import { type FirstWrites } from './first-writes';
import type { Engine, Verdict } from './gates/gate';
import { CAP_SECONDS } from './lifetime';
import { Address, baseUri, uncurry } from './page';
import { compile, type Named } from './rules';
import { type SameSite } from './same-site';
import { hostOf } from './url-pattern';
import { currentWriter } from './writer';

const OURS = /^eu-consent(-(outbox|writes|receipt|probe))?$/;
const pass: Verdict = { allowed: true, service: null, lifetime: CAP_SECONDS };
const refuse: Verdict = { allowed: false, service: null, lifetime: 0 };
const attribute = uncurry(typeof Element === 'undefined' ? undefined : Element.prototype.getAttribute);
const MOST_NOTES = 100;

export interface Core extends Engine {
  choice: Choice | null;
  readonly notes: string[];
}

export interface Surroundings {
  readonly own: string; // URL of our script
  readonly writes: FirstWrites;
  readonly sameSite: SameSite;
  readonly now: () => number;
  readonly placeholder: Engine['placeholder'];
}

export function createEngine(configuration: Configuration, around: Surroundings): Core {
  const rules = compile(configuration);
  const cap = Math.min(CAP_SECONDS, configuration.max_lifetime_seconds || CAP_SECONDS);
  const ownOrigin = new Address(around.own).origin;
  const host = hostOf(location);

  const service = (one: Service): Verdict => ({ allowed: serviceGranted(configuration, engine.choice, one), service: one, lifetime: cap });
  // Of equally specific rules one yes is enough: the thing is wanted for a purpose that was granted.
  const anyOf = (verdicts: Verdict[]): Verdict => verdicts.find((one) => one.allowed) || verdicts[0]!;
  const tracker = ({ service, tracker }: Named): Verdict => ({
    allowed: trackerGranted(configuration, engine.choice, service, tracker),
    service,
    lifetime: Math.min(tracker.lifetime_seconds ?? cap, cap),
  });

  const engine: Core = {
    choice: null,
    rules,
    notes: [],
    released: new WeakSet(),
    writes: around.writes,
    now: around.now,
    elements: undefined!,
    placeholder: around.placeholder,
    writer: () => currentWriter(around.own),

    judgeUrl(text) {
      let url: URL;
      try {
        url = new Address(text as string, baseUri());
      } catch {
        return pass; // no URL, no request
      }
      if (url.origin === ownOrigin || !/^(https?|wss?):$/.test(url.protocol)) return pass;
      const found = rules.services(url);
      if (found.length) return anyOf(found.map(service));
      return configuration.unknown_third_parties === 'block' && !around.sameSite(hostOf(url)) ? refuse : pass;
    },

    judgeName(kind, name, writer) {
      if (OURS.test(name)) return pass;
      const found = rules.trackers(kind, name, host);
      if (found.length) return anyOf(found.map(tracker));
      const attributed = rules.service(around.writes.serviceOf(name) || '');
      if (attributed && !service(attributed).allowed) return service(attributed);
      if (kind === 'cookie' && rules.known(name)) return refuse;
      if (!writer) return pass;
      if (kind === 'cookie' && configuration.unknown_cookies === 'block') return refuse;
      const script = writer();
      const owners = script ? rules.services(new Address(script)) : [];
      return owners.length ? anyOf(owners.map(service)) : pass;
    },

    judgeElement(element, url) {
      const wanted = attribute(element, 'data-consent');
      const id = attribute(element, 'data-consent-service');
      const byUrl = url === null ? pass : engine.judgeUrl(url);
      if (wanted === null && id === null) return byUrl;
      const named = id === null ? byUrl.service : rules.service(id) || null;
      const granted =
        (id === null || (!!named && serviceGranted(configuration, engine.choice, named))) &&
        // A service that was granted by itself (its placeholder) needs no more than that.
        (!wanted || !!(named && engine.choice?.services[named.id]) || purposeGranted(configuration, engine.choice, wanted)) &&
        (!!wanted || id !== null || !!byUrl.service); // tagged with nothing and ruled by nothing: nobody can grant it
      return { allowed: granted && byUrl.allowed, service: named, lifetime: cap };
    },

    refused(gate, what, service) {
      if (engine.notes.length < MOST_NOTES) engine.notes.push(gate + ' ' + what.slice(0, 200) + (service ? ' (' + service.id + ')' : ''));
    },
  };
  (engine as { elements: Engine['elements'] }).elements = createElements(engine);
  return engine;
}
