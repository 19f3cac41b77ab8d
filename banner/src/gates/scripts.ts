// Scripts. What the parser inserts is seen before it runs: the specification has the parser let observers run before it
// prepares a script, so making the element inert stops it (Chromium, Safari; Firefox tells by beforescriptexecute too).
// What scripts insert is held by its src. Released in document order, each once.

import { dom, inOrder } from '../elements';
import { type Replayer, replayer } from '../replay';
import type { Engine, Gate } from './gate';

const INERT = 'text/plain';

export function scripts(): Gate {
  let engine: Engine;
  const waiting = new Map<Element, string | null>(); // inert script → the type it had
  let replay: Replayer;

  const isTagged = (script: Element): boolean =>
    dom.get(script, 'data-consent') !== null || dom.get(script, 'data-consent-service') !== null;
  const urlOf = (script: Element): string | null => engine.elements.heldUrl(script) ?? dom.get(script, 'src');
  const allowed = (script: Element): boolean => engine.judgeElement(script, urlOf(script)).allowed;

  function stop(script: Element, type: string | null): void {
    waiting.set(script, type);
    dom.set(script, 'type', INERT);
    engine.refused('scripts', urlOf(script) || 'inline', engine.judgeElement(script, urlOf(script)).service);
    script.addEventListener(
      'beforescriptexecute',
      (event) => {
        event.preventDefault();
        replay.spent(script);
      },
      { once: true },
    );
  }

  function open(): void {
    engine.elements.release('script');
    const granted = inOrder(waiting.keys()).filter((script) => script.isConnected && allowed(script));
    replay.run(
      granted.map((script) => {
        const type = waiting.get(script)!;
        waiting.delete(script);
        return { script, type };
      }),
    );
  }

  return {
    name: 'scripts',
    selector: 'script',
    shut(its) {
      engine = its;
      replay = replayer(engine.released);
      engine.elements.guard('script', HTMLScriptElement.prototype, ['src'], { release: (script) => replay.mark(script) });
    },
    seen(script) {
      if (engine.released.has(script) || waiting.has(script)) return;
      const type = dom.get(script, 'type');
      if (type === INERT) {
        if (!isTagged(script)) return;
        waiting.set(script, dom.get(script, 'data-type')); // <script type="text/plain" data-type="module">
        if (allowed(script)) open();
      } else if (urlOf(script) !== null && engine.elements.heldUrl(script) === null && !allowed(script)) stop(script, type);
    },
    open,
    held: () => [...inOrder(waiting.keys()), ...engine.elements.held('script')].map((script) => urlOf(script) || 'inline'),
  };
}
