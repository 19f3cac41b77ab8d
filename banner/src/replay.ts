// Runs scripts that were held, as the parser would have: external classic scripts one after the other, inline ones where
// they stand between them, async at once, deferred and modules after the document.

import { getAttribute, insertBefore, removeAttribute, removeChild, scriptLike, setAttribute } from './dom';
import { apply, guardMethod, isComplete, whenParsed } from './page';

export interface HeldScript {
  readonly script: HTMLScriptElement;
  readonly type: string | null; // the type to run it with
}

export interface Replayer {
  run(scripts: HeldScript[]): void;
  mark(script: Element): void; // released by its src alone
  spent(script: Element): void; // the browser will never run this element any more
}

export function replayer(ours: WeakSet<Element>): Replayer {
  const spent = new WeakSet<Element>();
  let last: Promise<unknown> = Promise.resolve(); // scripts that keep their order wait for the one before
  let late = false;
  // Which of the page's two events are over: readyState changes before they fire.
  const over = { DOMContentLoaded: isComplete(), load: isComplete() };
  document.addEventListener('DOMContentLoaded', () => (over.DOMContentLoaded = true), { once: true });
  window.addEventListener('load', () => (over.load = true), { once: true });

  const has = (script: Element, name: string): boolean => getAttribute(script, name) !== null;

  async function place({ script, type }: HeldScript): Promise<void> {
    const { parentNode, nextSibling } = script;
    if (!parentNode) return;
    // The element itself goes in again: it was never started, so inserting it runs it, with its nonce and its listeners,
    // and under Trusted Types with the text that the parser gave it (a copy's text would not be trusted).
    const again = spent.has(script) ? scriptLike(script) : script;
    if (type === null) removeAttribute(again, 'type');
    else setAttribute(again, 'type', type);
    ours.add(again);
    if (!has(again, 'async')) again.async = false; // in order
    const { onload } = window;
    const done = has(again, 'src') && new Promise((next) => ['load', 'error'].forEach((type) => again.addEventListener(type, next)));
    removeChild(parentNode, script);
    insertBefore(parentNode, again, nextSibling);
    await done;
    // Assigned by this script, after the event it waits for.
    if (window.onload !== onload) callLate(window, 'load', window.onload);
  }

  /** Call what waits for an event that is over, once. */
  function callLate(target: EventTarget, type: keyof typeof over, listener: any): void {
    const direct = typeof listener === 'function';
    const call = direct ? listener : listener?.handleEvent;
    if (over[type] && typeof call === 'function') setTimeout(() => apply(call, direct ? target : listener, [new Event(type)]));
  }

  // Listeners that released scripts add for events that have fired. Installed when the first script is released: pages
  // without any pay nothing.
  function listenLate(): void {
    if (late) return;
    late = true;
    const called = new WeakMap<object, string>();
    guardMethod(EventTarget.prototype, 'addEventListener', (self, [type, listener]) => {
      const target = self ?? window;
      const waits = target === window ? type === 'DOMContentLoaded' || type === 'load' : target === document && type === 'DOMContentLoaded';
      if (!waits || !listener || !document.currentScript || !ours.has(document.currentScript) || called.get(listener) === type) return;
      called.set(listener, type);
      callLate(target, type, listener);
    });
  }

  const ignore = (): void => {}; // one script that cannot be placed does not keep the others
  const inTurn = (deed: () => Promise<unknown>): unknown => (last = last.then(deed).catch(ignore));

  return {
    run(scripts) {
      if (scripts[0]) listenLate();
      const after: HeldScript[] = [];
      for (const held of scripts) {
        const external = has(held.script, 'src');
        if (external && has(held.script, 'async')) void place(held).catch(ignore);
        else if (held.type === 'module' || (external && has(held.script, 'defer'))) after.push(held);
        else inTurn(() => place(held));
      }
      for (const held of after) inTurn(() => new Promise((done) => whenParsed(() => done(place(held)))));
    },
    mark(script) {
      listenLate();
      ours.add(script);
    },
    spent: (script) => void spent.add(script),
  };
}
