// Judges everything the gates ask about, from the rules and the choice as it stands. Holds the choice; knows no gate by
// name, no DOM event and no server.

import { type Choice, purposeGranted, serviceGranted, trackerGranted } from './choice';
import type { Configuration, Service } from './configuration';
import { getAttribute } from './dom';
import { createElements } from './elements';
import { type FirstWrites, nameIn } from './first-writes';
import type { Engine, Verdict } from './gates/gate';
import { CAP_SECONDS } from './lifetime';
import { Address, quietly, resolve } from './page';
import { compile, type Named } from './rules';
import { type SameSite } from './same-site';
import { hostOf } from './url-pattern';
import { currentWriter } from './writer';

const OURS = /^eu-consent(-(outbox|writes|receipt|probe))?$/;
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

export function createEngine(configuration: Configuration, { own, sameSite, writes, now, placeholder }: Surroundings): Core {
  const rules = compile(configuration);
  const cap = Math.min(CAP_SECONDS, configuration.max_lifetime_seconds || CAP_SECONDS);
  const ownOrigin = new Address(own).origin;
  const host = hostOf(location);

  const verdict = (allowed: boolean, service: Service | null = null, lifetime = cap): Verdict => ({ allowed, service, lifetime });
  const pass = verdict(true, null, CAP_SECONDS);
  const refuse = verdict(false);
  const granted = (service: Service): boolean => serviceGranted(configuration, engine.choice, service);
  const ofService = (service: Service): Verdict => verdict(granted(service), service);
  const ofTracker = ({ service, tracker }: Named): Verdict =>
    verdict(trackerGranted(configuration, engine.choice, service, tracker), service, Math.min(tracker.lifetime_seconds ?? cap, cap));
  // Of equally specific rules one yes is enough: the thing is wanted for a purpose that was granted.
  const anyOf = (verdicts: Verdict[]): Verdict | undefined => verdicts.find(({ allowed }) => allowed) || verdicts[0];

  const engine: Core = {
    choice: null,
    rules,
    notes: [],
    released: new WeakSet(),
    writes,
    now,
    elements: null!,
    placeholder,
    writer: () => currentWriter(own),

    judgeUrl(text) {
      const url = quietly(() => resolve(text));
      if (!url || url.origin === ownOrigin || !/^(https?|wss?):$/.test(url.protocol)) return pass; // no URL, no request
      return anyOf(rules.services(url).map(ofService)) || (configuration.unknown_third_parties === 'block' && !sameSite(hostOf(url)) ? refuse : pass);
    },

    judgeName(kind, name, writer) {
      if (OURS.test(name)) return pass;
      const declared = anyOf(rules.trackers(kind, name, host).map(ofTracker));
      if (declared) return declared;
      const attributed = rules.service(writes.serviceOf(nameIn(kind, name)) || '');
      if (attributed && !granted(attributed)) return ofService(attributed);
      if (kind === 'cookie' && (rules.known(name) || (writer && configuration.unknown_cookies === 'block'))) return refuse;
      const script = writer?.();
      return (script && anyOf(rules.services(new Address(script)).map(ofService))) || pass;
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
        named,
      );
    },

    refused(gate, what, service) {
      if (engine.notes.length < MOST_NOTES) engine.notes.push(gate + ' ' + what.slice(0, 200) + (service ? ' (' + service.id + ')' : ''));
    },
  };
  (engine as { elements: Engine['elements'] }).elements = createElements(engine);
  return engine;
}
