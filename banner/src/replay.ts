// Runs scripts that were held, as the parser would have: external classic scripts one after the other, inline ones where
// they stand between them, async at once, deferred and modules after the document.

import { dom } from './elements';
import { apply, guardMethod, isComplete, isParsing, quietly } from './page';

export interface HeldScript {
  readonly script: Element;
  readonly type: string | null; // the type to run it with
}

export interface Replayer {
  run(scripts: HeldScript[]): void;
  mark(script: Element): void; // released by its src alone
  spent(script: Element): void; // the browser will never run this element any more
}

export function replayer(ours: WeakSet<Element>): Replayer {
  const spent = new WeakSet<Element>();
  const queue: (() => Promise<void> | void)[] = [];
  let running = false;
  let late = false;
  // Which of the page's two events are over: readyState changes before they fire.
  const over = { DOMContentLoaded: isComplete(), load: isComplete() };
  document.addEventListener('DOMContentLoaded', () => (over.DOMContentLoaded = true), { once: true });
  window.addEventListener('load', () => (over.load = true), { once: true });

  // The element itself goes in again: it was never started, so inserting it runs it, with its nonce and its listeners,
  // and under Trusted Types with the text that the parser gave it (a copy's text would not be trusted).
  function runnable({ script, type }: HeldScript): HTMLScriptElement {
    let again = script as HTMLScriptElement;
    if (spent.has(script)) {
      again = dom.create(document, 'script');
      for (const { name, value } of [...script.attributes]) dom.set(again, name, value);
      if (script.textContent) again.text = script.textContent;
      again.nonce = (script as HTMLElement).nonce || ''; // the attribute is emptied once parsed
    }
    if (type === null) dom.remove(again, 'type');
    else dom.set(again, 'type', type);
    ours.add(again);
    return again;
  }

  function place(held: HeldScript): Promise<void> | void {
    const { script } = held;
    const { parentNode, nextSibling } = script;
    if (!parentNode) return;
    const again = runnable(held);
    const external = dom.get(again, 'src') !== null;
    const insert = (): void => {
      dom.removeChild(parentNode, script);
      dom.insertBefore(parentNode, again, nextSibling);
    };
    const handler = window.onload;
    const done = (): void => {
      // Assigned by this script, after the event it waits for.
      if (window.onload !== handler) callLate(window, 'load', window.onload);
    };
    if (!external) {
      insert();
      return done();
    }
    if (dom.get(again, 'async') === null) again.async = false; // in order
    return new Promise((next) => {
      const settled = (): void => (done(), next());
      again.addEventListener('load', settled);
      again.addEventListener('error', settled);
      insert();
    });
  }

  async function work(): Promise<void> {
    if (running) return;
    running = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      try {
        await next();
      } catch {
        // one script that cannot be placed does not keep the others
      }
    }
    running = false;
  }

  /** Call what waits for an event that is over, once. */
  function callLate(target: EventTarget, type: keyof typeof over, listener: any): void {
    const call = typeof listener === 'function' ? listener : listener?.handleEvent;
    if (!over[type] || typeof call !== 'function') return;
    const self = typeof listener === 'function' ? target : listener;
    setTimeout(() => apply(call, self, [new Event(type)]));
  }

  // Listeners that released scripts add for events that have fired. Installed when the first script is released: pages
  // without any pay nothing.
  function listenLate(): void {
    if (late) return;
    late = true;
    const called = new WeakMap<object, string>();
    guardMethod(EventTarget.prototype, 'addEventListener', (self, [type, listener]) => {
      const target = self ?? window;
      const waits = type === 'DOMContentLoaded' ? target === document || target === window : type === 'load' && target === window;
      if (!waits || !listener || !document.currentScript || !ours.has(document.currentScript)) return;
      if (called.get(listener) === type) return;
      called.set(listener, type);
      callLate(target, type, listener);
    });
  }

  return {
    run(scripts) {
      if (scripts.length) listenLate();
      const after: HeldScript[] = [];
      for (const held of scripts) {
        const deferred = held.type === 'module' || (dom.get(held.script, 'src') !== null && dom.get(held.script, 'defer') !== null);
        if (dom.get(held.script, 'async') !== null && dom.get(held.script, 'src') !== null) void quietly(() => place(held));
        else if (deferred) after.push(held);
        else queue.push(() => place(held));
      }
      for (const held of after) queue.push(() => whenParsed().then(() => place(held)));
      void work();
    },
    mark(script) {
      listenLate();
      ours.add(script);
    },
    spent: (script) => void spent.add(script),
  };
}

const whenParsed = (): Promise<unknown> =>
  isParsing()
    ? new Promise((parsed) => document.addEventListener('DOMContentLoaded', parsed, { once: true }))
    : Promise.resolve();
