// Makes the gate of a family of elements out of a table: `HTMLVideo video src poster` says that the class HTMLVideoElement
// gives <video> these properties, each the address of something to load.

import { find } from '../dom';
import { rootOf } from '../page';
import type { CreateGate, HoldListener } from './gate';

export const family = (name: string, table: readonly string[], listener?: HoldListener): CreateGate => ({ elements }) => {
  const tags = new Set<string>();
  for (const row of table) {
    const [type, tag, ...attributes] = row.split(' ') as [string, string];
    elements.guard(tag, (globalThis as any)[type + 'Element']?.prototype, attributes, listener);
    tags.add(tag);
  }
  const all = [...tags];
  return {
    name,
    open() {
      all.forEach(elements.release);
      // Taken back: what stays in memory would be asked for again by the next page before we see it.
      for (const element of find(rootOf(document), all.join())) elements.inspect(element);
    },
    held: () => all.flatMap(elements.urls),
  };
};
