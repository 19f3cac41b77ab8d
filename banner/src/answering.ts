// What happens when the visitor answers, in this order: the answer and its record are kept on the device, vendors are told,
// the banner goes, the device is cleaned, gates open, the record is on its way, the page is told. Exactly one record for
// each answer.

import { type Action, type Answers, asked, change, type Choice, decisionsOf, grantsAnything, stillAnswered, takesBack } from './choice';
import type { Cleanup } from './cleanup';
import type { Configuration } from './configuration';
import type { Core } from './engine';
import { bare, Clock, uuid } from './page';
import type { Outbox } from './outbox';
import type { Imported } from './parts';
import { controlledPurposes, isControlled } from './privacy-control';
import type { Saved, SavedChoice } from './saved-choice';

type Layer = 1 | 2 | undefined;

export interface Answering {
  all(answer: boolean, layer?: Layer): void;
  some(answers: Answers, layer?: Layer): void;
  expire(id: string): void;
  obey(known: boolean): boolean; // the browser's privacy control, unless the choice that stands was made knowing it (GPC-04)
  take(imported: Imported): void; // another platform's choice, as old as it is
  adopt(): void; // another tab, or a page that comes back from the cache, may hold an older choice
}

export interface AnsweringParts {
  readonly configuration: Configuration;
  readonly engine: Core;
  readonly saved: SavedChoice;
  readonly told: () => void; // tell vendors: before anything is deleted (SIG-03)
  readonly cleanup: Cleanup;
  readonly outbox: Outbox;
  readonly language: () => string;
  readonly openGates: () => void;
  readonly show: (action: Action | null) => void; // what there is to ask now, or nothing
  readonly changed: () => void; // tell the page
  readonly drawn: (deed: () => void) => void; // once the page is drawn again
  readonly reload: (tried: Promise<void>) => void; // the record's first try: it would be sent twice if the page left before the answer
  readonly now: () => number;
}

/** The choice that was found, as far as it still stands. */
export const standing = (configuration: Configuration, found: Saved): Choice | null =>
  found.state === 'valid' ? stillAnswered(configuration, found.choice) : null;

export function createAnswering({ configuration, engine, saved, told, cleanup, outbox, language, openGates, show, changed, drawn, reload, now }: AnsweringParts): Answering {
  const time = (at = now()): string => new Clock(at).toISOString();

  function become(action: Action, choice: Choice | null, consent_id: string, layer: Layer): void {
    const record_id = uuid();
    const withdrawn = takesBack(configuration, engine.choice, choice);
    engine.choice = choice;
    if (choice) saved.write(choice, isControlled());
    else saved.forget();
    const record = {
      record_id,
      consent_id,
      action,
      decisions: decisionsOf(configuration, choice),
      services: choice ? choice.services : bare(),
      config_version: configuration.version,
      language: language(),
      layer,
      page_url: location.origin + location.pathname,
      client_time: action === 'import' ? choice!.time : time(),
      signals: { gpc: isControlled() },
    };
    outbox.post(record_id, record);
    told();
    show(action);
    const finish = (): void => {
      const not_removed = cleanup(withdrawn);
      if (not_removed[0]) outbox.post(record_id, { ...record, not_removed });
      openGates();
      const tried = outbox.send();
      changed();
      if (withdrawn && action !== 'gpc' && configuration.reload_on_withdrawal) reload(tried); // heard before anything ran
    };
    // Who pressed a button sees the banner go first. What was taken back goes at once.
    if (layer && !withdrawn) drawn(finish);
    else finish();
  }

  function answer(action: Action, answers: Pick<Choice, 'purposes' | 'services'>, layer: Layer, at?: number): void {
    const id = engine.choice?.id ?? uuid();
    become(action, { ...answers, version: configuration.version, id, time: time(at) }, id, layer);
  }

  const answering: Answering = {
    all(yes, layer) {
      const purposes = bare<boolean>();
      for (const { id } of asked(configuration)) purposes[id] = yes;
      answer(yes ? 'accept_all' : grantsAnything(engine.choice) ? 'withdraw' : 'refuse_all', { purposes, services: bare() }, layer);
    },
    some(answers, layer) {
      const next = change(configuration, engine.choice, answers);
      answer(!grantsAnything(next) && grantsAnything(engine.choice) ? 'withdraw' : 'custom', next, layer);
    },
    obey(known) {
      const refused = controlledPurposes(configuration);
      const before = engine.choice;
      if (known || !isControlled() || refused.every((id) => before?.purposes[id] === false)) return false;
      const next = change(configuration, before, Object.fromEntries(refused.map((id) => [id, false])));
      const id = before?.id ?? uuid();
      // What was answered before does not live longer for it (KEEP-03).
      become('gpc', { ...next, version: configuration.version, id, time: before?.time ?? time() }, id, undefined);
      return true;
    },
    take: ({ purposes, time }) => answer('import', { purposes, services: bare() }, undefined, time),
    expire: (id) => become('expire', null, id, undefined),
    adopt() {
      const found = saved.read();
      if (found.state === 'expired') return answering.expire(found.id);
      if (found.state === 'none' && !navigator.cookieEnabled) return; // kept by this page alone
      const choice = standing(configuration, found);
      if (choice?.time === engine.choice?.time) return;
      engine.choice = choice;
      told();
      cleanup();
      openGates();
      show(null);
      changed();
    },
  };
  return answering;
}
