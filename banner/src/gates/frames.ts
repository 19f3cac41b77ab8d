// Embedded pages (videos, maps, posts). What is held keeps its place in the page, without address and out of sight, behind
// a placeholder that says what would be here and lets the visitor ask for this service alone.

import { getAttribute, insertBefore, isConnected, localName, parentNode, removeChild, renew } from '../dom';
import { quietly } from '../page';
import { family } from './family';
import type { CreateGate } from './gate';

export const frames: CreateGate = (engine) => {
  const { elements, judgeElement, placeholder } = engine;
  const standIns = new Map<Element, { node: Element; display: string; priority: string }>();

  // Not at once: making the view takes milliseconds, in which the next frame of the page would go on loading.
  const soon = (frame: Element): void => queueMicrotask(() => void quietly(() => cover(frame as HTMLElement)));

  function cover(frame: HTMLElement): void {
    const url = elements.heldUrl(frame);
    if (!isConnected(frame) || url === null || standIns.has(frame)) return;
    const node = placeholder(judgeElement(frame, url).service, frame, url);
    if (!node) return;
    const { style } = frame;
    standIns.set(frame, { node, display: style.getPropertyValue('display'), priority: style.getPropertyPriority('display') });
    style.setProperty('display', 'none', 'important');
    insertBefore(parentNode(frame), node, frame);
  }

  function uncover(frame: Element): void {
    const standIn = standIns.get(frame);
    if (!standIn) return;
    const { node, display, priority } = standIn;
    standIns.delete(frame);
    (frame as HTMLElement).style.setProperty('display', display, priority);
    if (parentNode(node)) removeChild(parentNode(node), node);
  }

  const gate = family('frames', ['HTMLIFrame iframe src srcdoc', 'HTMLFrame frame src', 'HTMLEmbed embed src', 'HTMLObject object data'], {
    hold: soon,
    release(frame) {
      uncover(frame);
      if (localName(frame) === 'object') renew(frame); // it shows what is in it for ever once it had no address
    },
  })(engine);
  return {
    ...gate,
    selector: 'iframe,frame,embed,object',
    seen(frame) {
      // The parser has begun to load it; only taking it out of the document ends that for certain.
      if (isConnected(frame) && elements.offends(frame)) renew(frame, elements.inspect);
      const src = getAttribute(frame, 'src');
      if (elements.inspect(frame)) soon(frame);
      else if (getAttribute(frame, 'src') !== src) renew(frame); // Chromium is deaf to an address that comes while it parses
    },
  };
};
