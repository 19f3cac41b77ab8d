// Who wants to be told what, inside this page. A listener that throws is its own affair.

import { quietly } from './page';

export type Topic = 'ready' | 'change' | 'open' | 'close';
type Listener = (detail: unknown) => void;

export interface Events {
  on(topic: Topic, listener: Listener): () => void;
  tell(topic: Topic, detail?: unknown): void;
}

export function createEvents(): Events {
  const listeners = new Set<{ topic: Topic; listener: Listener }>();
  return {
    on(topic, listener) {
      const own = { topic, listener }; // added twice, told twice, taken away once
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    tell(topic, detail) {
      for (const one of [...listeners]) if (one.topic === topic) quietly(() => one.listener(detail));
    },
  };
}
