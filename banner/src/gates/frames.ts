// Embedded frames (videos, maps, posts). A held frame keeps its place in the page, without src and out of sight, behind
// a placeholder that says what would be here and lets the visitor ask for this service alone.

import { dom } from '../elements';
import { quietly } from '../page';
import type { Engine, Gate } from './gate';

export function frames(): Gate {
  let engine: Engine;
  const standIns = new Map<Element, { node: Element; display: string; priority: string }>();

  // The parser has begun to load a frame when we see it; only taking it out of the document ends that for certain.
  function interrupt(frame: Element): void {
    const { parentNode, nextSibling } = frame;
    dom.removeChild(parentNode, frame);
    engine.elements.inspect(frame);
    dom.insertBefore(parentNode, frame, nextSibling);
  }

  // Not at once: making the view takes milliseconds, in which the next frame of the page would go on loading.
  const soon = (frame: Element): void => queueMicrotask(() => void quietly(() => cover(frame as HTMLElement)));

  function cover(frame: HTMLElement): void {
    const url = engine.elements.heldUrl(frame);
    if (!frame.isConnected || url === null || standIns.has(frame)) return;
    const node = engine.placeholder(engine.judgeElement(frame, url).service, frame, url);
    if (!node) return;
    const { style } = frame;
    standIns.set(frame, { node, display: style.getPropertyValue('display'), priority: style.getPropertyPriority('display') });
    style.setProperty('display', 'none', 'important');
    dom.insertBefore(frame.parentNode, node, frame);
  }

  function uncover(frame: HTMLElement): void {
    const standIn = standIns.get(frame);
    if (!standIn) return;
    standIns.delete(frame);
    frame.style.setProperty('display', standIn.display, standIn.priority);
    if (standIn.node.parentNode) dom.removeChild(standIn.node.parentNode, standIn.node);
  }

  function seen(frame: Element): void {
    const src = dom.get(frame, 'src');
    if (src !== null && frame.isConnected && !engine.judgeElement(frame, src).allowed) interrupt(frame);
    if (engine.elements.inspect(frame)) soon(frame);
  }

  return {
    name: 'frames',
    selector: 'iframe',
    shut(its) {
      engine = its;
      engine.elements.guard('iframe', HTMLIFrameElement.prototype, ['src'], {
        hold: soon,
        release: (frame) => uncover(frame as HTMLElement),
      });
    },
    seen,
    open() {
      engine.elements.release('iframe');
      for (const frame of dom.find(document.documentElement, 'iframe')) seen(frame); // taken back: out of the page again
    },
    held: () => engine.elements.held('iframe').map((element) => engine.elements.heldUrl(element) || ''),
  };
}
