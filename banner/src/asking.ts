// Between the engine and the view: what the view may do, and when it is shown.

import type { Answering } from './answering';
import { decisionsOf, grantsAnything, isComplete } from './choice';
import type { Configuration } from './configuration';
import type { Core } from './engine';
import type { Events } from './events';
import { otherPlatform } from './other-cmp';
import { createStage, type Stage } from './stage';
import type { CreateView, ViewActions } from './view/contract';

export interface Asking extends Stage {
  show(answered: boolean): void; // ask if there is something to ask, settle otherwise
}

export function createAsking(
  configuration: Configuration, engine: Core, answering: () => Answering, events: Events,
  createView: CreateView, language: () => string, nonce: string,
): Asking {
  const actions: ViewActions = {
    acceptAll: (layer) => answering().all(true, layer),
    refuseAll: (layer) => answering().all(false, layer),
    withdraw: () => answering().all(false, 2),
    save: (decisions) => answering().some(decisions, 2),
    opened: () => events.tell('open'),
    closed: () => events.tell('close'),
    state: () => ({
      decisions: decisionsOf(configuration, engine.choice),
      services: { ...engine.choice?.services },
      answered: isComplete(configuration, engine.choice),
      granted: grantsAnything(engine.choice),
      consentId: engine.choice ? engine.choice.id : null,
    }),
  };
  let warned = false;
  const mayShow = (): boolean => {
    const other = otherPlatform();
    if (other && !warned) console.warn('Consent Server: ' + other + ' is on this page too; no second banner is shown.');
    warned ||= !!other;
    return !other;
  };
  const stage = createStage(() => createView(configuration, language(), nonce, actions), mayShow);
  return {
    ...stage,
    show(answered) {
      const view = stage.view();
      if (!isComplete(configuration, engine.choice)) view?.ask();
      else view?.settle(answered ? 'saved' : undefined);
    },
  };
}
