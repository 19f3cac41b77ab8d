// The page's own moments (readystatechange, DOMContentLoaded, load) once more, for scripts that are run after them. What
// such a script adds for a moment that is over is registered under a name of ours, and told when its own time comes: by
// the browser, so that `once`, `signal`, `handleEvent`, removal and uncaught errors are as always. Nothing is patched
// before the first script is run late, and nobody else's listeners are touched.

import { apply, bare, defineProperty, dispatch, guard, guardMethod, isComplete, listen, quietly } from './page';

export interface LateEvents {
  begin(): number; // held scripts are run from now on: the round of those that were released together
  enter(round: number): void; // what is heard from now on is heard in this round
  adopt(): void; // one of them has run and may have set a handler
  tell(stage: number): void; // the next of STAGES has come; the last one ends all rounds
  loaded(): boolean; // the page's own load event is over
}

const STAGES = ['readystatechange', 'DOMContentLoaded', 'readystatechange', 'load']; // the first two while interactive
/** All of them. */
export const TOLD = STAGES.length;

const HANDLERS: [on: any, name: string][] = [[window, 'load'], [document, 'readystatechange']];
const { Event, setTimeout } = globalThis;

/** `theirs`: is it a script run late that calls? `stateOf`: the readyState that it would find, had it not been held.
 * `next`: the page itself has come further. */
export function lateEvents(theirs: () => boolean, stateOf: () => string | undefined, next: () => void): LateEvents {
  const over = bare<boolean>();
  for (const moment of STAGES) {
    over[moment] = isComplete();
    listen(window, moment, () => {
      over[moment] = true; // of readystatechange the first of two
      if (moment === 'load') setTimeout(() => (take(), next())); // once the page's own handler was called
      else if (moment !== STAGES[0]) next();
      else if (isComplete()) listen(document, moment, next); // last: scripts that ran in the page's own time are told first
    }, true);
  }

  let round = 0; // the newest
  let now = 0;
  let running = false;
  let before: unknown[] | undefined; // the page's own handlers, whose time is over: what chains them would call them twice
  let heard: boolean[] = []; // which ones are theirs now
  let pretended: string | undefined; // document.readyState while a stage is told
  const told: number[] = []; // up to which round, of each stage
  const late = (moment: string, its = now): string => 'late ' + its + moment;

  const targets = (target: EventTarget, moment: string): boolean =>
    over[moment]! && (target === window ? moment !== STAGES[0] : target === document && moment !== 'load');

  function patch(): void {
    const { prototype } = EventTarget;
    guardMethod(prototype, 'addEventListener', (self, [type, ...more], pass) =>
      running && targets((self ??= window), type) && theirs() ? () => (events.adopt(), pass(self, [late(type), ...more])) : undefined,
    );
    guardMethod(prototype, 'removeEventListener', (self, [type, ...more], pass) => {
      if (targets((self ??= window), type)) for (let i = round; i; i--) pass(self, [late(type, i), ...more]); // and the one of the page's time
    });
    guard(Document.prototype, 'readyState', {
      get(self) {
        const state = running && self === document && (pretended || stateOf());
        return state ? () => state : undefined;
      },
    });
  }

  function take(): void {
    if (!running || before || !over.load) return;
    before = HANDLERS.map(([on, name]) => on['on' + name]);
    for (const [on, name] of HANDLERS) on['on' + name] = null;
  }

  const events: LateEvents = {
    begin() {
      if (!round++) patch();
      if (!running) now = round;
      running = true;
      take();
      return round;
    },
    enter: (its) => void (now = its),
    adopt() {
      HANDLERS.forEach(([on, name], i) => {
        if (!before || heard[i] || !on['on' + name]) return;
        heard[i] = true;
        listen(on, late(name), (event: Event) => on['on' + name] && apply(on['on' + name], on, [event]));
      });
    },
    tell(stage) {
      const moment = STAGES[stage]!;
      events.adopt();
      pretended = stage < 2 ? 'interactive' : 'complete';
      for (let i = (told[stage] || 0) + 1; i <= round; i++) {
        const event = new Event(late(moment, i), bare({ bubbles: stage === 1 }));
        for (const [key, value] of [['type', moment], ['target', document]] as const) { // also of load (HTML 13.2.7)
          defineProperty(event, key, bare({ value }) as PropertyDescriptor);
        }
        quietly(() => dispatch(moment === 'load' ? window : document, event));
      }
      told[stage] = round;
      pretended = undefined;
      if (stage < TOLD - 1) return;
      HANDLERS.forEach(([on, name], i) => heard[i] || !before || (on['on' + name] = before[i]));
      before = undefined;
      heard = [];
      running = false;
    },
    loaded: () => over.load!,
  };
  return events;
}
