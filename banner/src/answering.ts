// What happens when the visitor answers, in this order: kept on the device, cleaned up, gates open, the page is told, the
// record is on its way. Exactly one record for each answer.

import { type Action, type Answers, asked, change, type Choice, decisionsOf, grantsAnything, stillAnswered, takesBack } from './choice';
import type { Cleanup } from './cleanup';
import type { Configuration } from './configuration';
import type { Core } from './engine';
import { bare, Clock, uuid } from './page';
import type { Outbox } from './outbox';
import type { SavedChoice } from './saved-choice';

export interface Answering {
  all(answer: boolean, layer?: 1 | 2): void;
  some(answers: Answers, layer?: 1 | 2): void;
  expire(id: string): void;
  adopt(): void; // another tab, or a page that comes back from the cache, may hold an older choice
}

export interface AnsweringParts {
  readonly configuration: Configuration;
  readonly engine: Core;
  readonly saved: SavedChoice;
  readonly cleanup: Cleanup;
  readonly outbox: Outbox;
  readonly language: () => string;
  readonly openGates: () => void;
  readonly changed: (action: Action | null) => void; // tell the page
  readonly reload: (tried: Promise<void>) => void; // the record's first try: it would be sent twice if the page left before the answer
  readonly now: () => number;
}

export function createAnswering(parts: AnsweringParts): Answering {
  const { configuration, engine, saved, cleanup, outbox, now } = parts;

  function record(action: Action, choice: Choice, layer: 1 | 2 | undefined, left: string[]): Promise<void> {
    const id = uuid();
    return outbox.post(id, {
      record_id: id,
      consent_id: choice.id,
      action,
      decisions: decisionsOf(configuration, choice),
      services: choice.services,
      config_version: configuration.version,
      language: parts.language(),
      layer,
      page_url: location.origin + location.pathname,
      client_time: new Clock(now()).toISOString(),
      signals: { gpc: (navigator as any).globalPrivacyControl === true },
      not_removed: left.length ? left : undefined,
    });
  }

  function answer(action: Action, answers: Pick<Choice, 'purposes' | 'services'>, layer?: 1 | 2): void {
    const before = engine.choice;
    const choice: Choice = {
      ...answers,
      version: configuration.version,
      id: before?.id ?? uuid(),
      time: new Clock(now()).toISOString(),
    };
    const withdrawn = takesBack(configuration, before, choice);
    engine.choice = choice;
    saved.write(choice);
    const left = cleanup();
    parts.openGates();
    const tried = record(action, choice, layer, left);
    parts.changed(action);
    if (withdrawn && configuration.reload_on_withdrawal) parts.reload(tried);
  }

  return {
    all(answer_, layer) {
      const answers = bare<boolean>();
      for (const { id } of asked(configuration)) answers[id] = answer_;
      const action = answer_ ? 'accept_all' : grantsAnything(engine.choice) ? 'withdraw' : 'refuse_all';
      answer(action, { purposes: answers, services: bare() }, layer);
    },
    some(answers, layer) {
      const next = change(configuration, engine.choice, answers);
      const nothing = !grantsAnything({ ...next, version: 0, id: '', time: '' });
      answer(nothing && grantsAnything(engine.choice) ? 'withdraw' : 'custom', next, layer);
    },
    expire(id) {
      const before = engine.choice;
      engine.choice = null;
      saved.forget();
      const left = cleanup();
      const tried = record('expire', { purposes: bare(), services: bare(), version: configuration.version, id, time: '' }, undefined, left);
      parts.changed('expire');
      if (grantsAnything(before) && configuration.reload_on_withdrawal) parts.reload(tried);
    },
    adopt() {
      const found = saved.read();
      if (found.state === 'expired') return this.expire(found.id);
      if (found.state === 'none' && !navigator.cookieEnabled) return; // kept by this page alone
      const choice = found.state === 'valid' ? stillAnswered(configuration, found.choice) : null;
      if (choice?.time === engine.choice?.time) return;
      engine.choice = choice;
      cleanup();
      parts.openGates();
      parts.changed(null);
    },
  };
}
