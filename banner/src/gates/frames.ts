// Embedded frames (videos, maps, posts). A held frame keeps its place in the page, without src and out of sight, behind
// a placeholder that says what would be here and lets the visitor ask for this service alone.

import { find, getAttribute, insertBefore, removeChild } from '../dom';
import { quietly } from '../page';
import type { CreateGate } from './gate';

export const frames: CreateGate = ({ elements, judgeElement, placeholder }) => {
  const standIns = new Map<Element, { node: Element; display: string; priority: string }>();

  // The parser has begun to load a frame when we see it; only taking it out of the document ends that for certain.
  function interrupt(frame: Element): void {
    const { parentNode, nextSibling } = frame;
    removeChild(parentNode, frame);
    elements.inspect(frame);
    insertBefore(parentNode, frame, nextSibling);
  }

  // Not at once: making the view takes milliseconds, in which the next frame of the page would go on loading.
  const soon = (frame: Element): void => queueMicrotask(() => void quietly(() => cover(frame as HTMLElement)));

  function cover(frame: HTMLElement): void {
    const url = elements.heldUrl(frame);
    if (!frame.isConnected || url === null || standIns.has(frame)) return;
    const node = placeholder(judgeElement(frame, url).service, frame, url);
    if (!node) return;
    const { style } = frame;
    standIns.set(frame, { node, display: style.getPropertyValue('display'), priority: style.getPropertyPriority('display') });
    style.setProperty('display', 'none', 'important');
    insertBefore(frame.parentNode, node, frame);
  }

  function uncover(frame: Element): void {
    const standIn = standIns.get(frame);
    if (!standIn) return;
    const { node, display, priority } = standIn;
    standIns.delete(frame);
    (frame as HTMLElement).style.setProperty('display', display, priority);
    if (node.parentNode) removeChild(node.parentNode, node);
  }

  function seen(frame: Element): void {
    const src = getAttribute(frame, 'src');
    if (src !== null && frame.isConnected && !judgeElement(frame, src).allowed) interrupt(frame);
    if (elements.inspect(frame)) soon(frame);
  }

  elements.guard('iframe', HTMLIFrameElement.prototype, ['src'], { hold: soon, release: uncover });
  return {
    name: 'frames',
    selector: 'iframe',
    seen,
    open() {
      elements.release('iframe');
      for (const frame of find(document.documentElement, 'iframe')) seen(frame); // taken back: out of the page again
    },
    held: () => elements.urls('iframe'),
  };
};
