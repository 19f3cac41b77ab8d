// Where the page's own markup meets the view: links that open the settings, places for the cookie declaration, and
// placeholders for embeds.

import type { Answers } from './choice';
import { getAttribute } from './dom';
import type { Engine } from './gates/gate';
import { quietly, resolve, whenParsed } from './page';
import type { View } from './view/contract';

/** <a href="#" data-consent-open>, anywhere in the page, also added later. */
export function openers(open: () => void): void {
  document.addEventListener('click', (event) => {
    if (!event.composedPath().some((node) => node instanceof Element && getAttribute(node, 'data-consent-open') !== null)) return;
    event.preventDefault();
    open();
  });
}

/** <div data-consent-policy> is given the declaration, once. */
export function policies(view: () => View | null): (host: Element) => void {
  const filled = new WeakSet<Element>();
  return (host) =>
    whenParsed(() => void quietly(() => {
      const shown = view();
      if (!shown || filled.has(host)) return;
      filled.add(host);
      shown.declaration(host);
    }));
}

const tiny = (frame: HTMLElement): boolean =>
  ['width', 'height'].some((side) => /^[01](px)?$/.test(getAttribute(frame, side) || '')) || !!frame.hidden || frame.style.display === 'none';

/** Makes what stands where a frame will be; nothing for the invisible frames that trackers use. */
export function placeholders(view: () => View | null, answer: (answers: Answers) => void): Engine['placeholder'] {
  return (service, frame, url) => {
    if (tiny(frame as HTMLElement)) return null;
    const { id, name, purpose } = service || {
      id: '',
      name: quietly(() => resolve(url).hostname) || '',
      purpose: getAttribute(frame, 'data-consent') || null,
    };
    const wanted = id || purpose;
    return quietly(() => view()?.placeholder({ id, name, purpose }, frame, () => wanted && purpose && answer({ [wanted]: true }))) ?? null;
  };
}
