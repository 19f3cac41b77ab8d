// Writes of names: judged, and where they are refused before there is an answer kept with the script that tried, to be
// done when they are granted; after a no nothing waits. Shared by the gates of cookies and storages.

import type { Kind } from '../configuration';
import { nameIn } from '../first-writes';
import { quietly } from '../page';
import type { Engine, Writer } from './gate';

const MOST_WAITING = 1000; // names can be made up

export interface Waiting {
  /** May this be written, and until when? False: not now, `again` is called once a choice was made. Otherwise the time
   * (ms) when it must be gone, which is `end` or earlier; null: with the browser session. Infinity asks for no end. */
  judge(name: string, key: string, end: number | null, writer: Writer, again: (writer: Writer) => unknown): number | null | false;
  drop(key: string): void; // deleted by the page: nothing to be done any more
  open(): void;
  held(): string[];
}

/** Writes of one name to several domains and paths wait each for itself. */
export const keyOf = (name: string, domain = '', path = ''): string => name + ';' + domain + ';' + path;

export function createWaiting(engine: Engine, gate: string, kind: Kind): Waiting {
  const waiting = new Map<string, () => unknown>();
  return {
    judge(name, key, end, writer, again) {
      waiting.delete(key);
      if (end !== null && end < Infinity && end <= engine.now()) return end; // a deletion passes
      const verdict = engine.judgeName(kind, name, writer);
      const { allowed, service, lifetime } = verdict;
      const script = allowed ? null : writer();
      engine.told(gate, name, verdict, script);
      if (!allowed) {
        if (waiting.size >= MOST_WAITING) waiting.delete(waiting.keys().next().value!);
        if (!engine.answered()) waiting.set(key, () => again(() => script));
        return false;
      }
      // What ends with the session, or lives for ever, is only counted when it is a service's: to be found again.
      if (!lifetime || (!service && (end === null || end === Infinity))) return null;
      const last = engine.writes.end(nameIn(kind, name), lifetime, service?.id);
      return end === null ? null : Math.min(end, last);
    },
    drop: (key) => void waiting.delete(key),
    open() {
      for (const again of [...waiting.values()]) quietly(again);
    },
    held: () => [...waiting.keys()],
  };
}
