// The view, brought on when it is first needed and never allowed to bring the page down: without it the gates stay shut
// and the page works.

import { isParsing, quietly } from './page';
import type { View } from './view/contract';

export interface Stage {
  view(): View | null; // null: no body yet, no view, or another platform asks
  whenParsed(deed: () => void): void;
}

export function createStage(create: () => View, mayShow: () => boolean): Stage {
  let view: View | null | undefined;
  return {
    view() {
      if (!document.body || !mayShow()) return null;
      if (view === undefined) view = quietly(create) ?? null;
      return view;
    },
    whenParsed(deed) {
      if (isParsing()) document.addEventListener('DOMContentLoaded', deed, { once: true });
      else deed();
    },
  };
}
