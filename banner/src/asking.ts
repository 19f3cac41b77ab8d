// Between the engine and the view: what the view may do, and when it is shown. The view is brought on when it is first
// needed and never allowed to bring the page down: without it the gates stay shut and the page works.

import type { Answering } from './answering';
import { decisionsOf, grantsAnything, isComplete } from './choice';
import type { Configuration } from './configuration';
import type { Core } from './engine';
import type { Events } from './events';
import { otherPlatform } from './other-cmp';
import { bodyOf, isOurs, quietly } from './page';
import { controlledPurposes, isControlled } from './privacy-control';
import type { CreateView, View, ViewActions } from './view/contract';

export interface Asking {
  view(): View | null; // null: no body yet, no view, or another platform asks
  show(answered: boolean): void; // ask if there is something to ask, settle otherwise
}

export function createAsking(
  configuration: Configuration, engine: Core, answering: () => Answering, events: Events,
  createView: CreateView, language: () => string, nonce: string, declarations: Pick<ViewActions, 'declared' | 'page'>,
): Asking {
  let warned = false;
  let view: View | null | undefined;

  const create = (): View =>
    createView(configuration, language(), nonce, {
      ...declarations,
      acceptAll: (layer) => answering().all(true, layer),
      refuseAll: (layer) => answering().all(false, layer),
      withdraw: () => answering().all(false, 2),
      save: (decisions) => answering().some(decisions, 2),
      opened: () => events.tell('open'),
      closed: () => events.tell('close'),
      state: () => ({
        decisions: decisionsOf(configuration, engine.choice),
        services: { ...engine.choice?.services },
        granted: grantsAnything(engine.choice),
        consentId: engine.choice && engine.choice.id,
        controlled: isControlled() && !!controlledPurposes(configuration)[0],
      }),
    });

  const asking: Asking = {
    view() {
      // A page of the site within a page of the site: that one asks.
      if (!bodyOf(document) || (window.parent !== window && quietly(() => isOurs(window.parent)))) return null;
      const other = otherPlatform();
      if (other) {
        if (!warned) console.warn('Consent Server: silent beside ' + other);
        warned = true;
        return null;
      }
      if (view === undefined) view = quietly(create) ?? null;
      return view;
    },
    show(answered) {
      if (!isComplete(configuration, engine.choice)) asking.view()?.ask();
      else asking.view()?.settle(answered ? 'saved' : undefined);
    },
  };
  return asking;
}
