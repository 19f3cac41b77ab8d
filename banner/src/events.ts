// Who wants to be told what, inside this page. A listener that throws is its own affair.

import { quietly } from './page';

export type Topic = 'ready' | 'change' | 'open' | 'close';

export interface Events {
  on(topic: Topic, listener: (detail: unknown) => void): () => void;
  tell(topic: Topic, detail?: unknown): void;
}

export function createEvents(): Events {
  const listeners: { [topic in Topic]: Set<(detail: unknown) => void> } = {
    ready: new Set(),
    change: new Set(),
    open: new Set(),
    close: new Set(),
  };
  return {
    on(topic, listener) {
      const own = (detail: unknown): void => listener(detail); // added twice, told twice, taken away once
      listeners[topic].add(own);
      return () => void listeners[topic].delete(own);
    },
    tell(topic, detail) {
      for (const listener of [...listeners[topic]]) quietly(() => listener(detail));
    },
  };
}
