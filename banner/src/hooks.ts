// Where the page's own markup meets the view: links that open the settings, places for the cookie declaration, and
// placeholders for embeds.

import type { Answers } from './choice';
import type { Service } from './configuration';
import { dom } from './elements';
import type { Engine } from './gates/gate';
import { Address, baseUri, isParsing, quietly } from './page';
import type { View } from './view/contract';

/** <a href="#" data-consent-open>, anywhere in the page, also added later. */
export function openers(open: () => void): void {
  document.addEventListener('click', (event) => {
    const path = event.composedPath();
    const link = path.find((node) => node instanceof Element && dom.get(node, 'data-consent-open') !== null);
    if (!link) return;
    event.preventDefault();
    open();
  });
}

/** <div data-consent-policy> is given the declaration, once. */
export function policies(view: () => View | null): (host: Element) => void {
  const filled = new WeakSet<Element>();
  const fill = (host: Element): void => {
    const shown = view();
    if (!shown || filled.has(host)) return;
    filled.add(host);
    shown.declaration(host);
  };
  return (host) => {
    if (isParsing()) document.addEventListener('DOMContentLoaded', () => void quietly(() => fill(host)), { once: true });
    else fill(host);
  };
}

const tiny = (frame: Element): boolean =>
  ['width', 'height'].some((side) => /^[01](px)?$/.test(dom.get(frame, side) || '')) ||
  !!(frame as HTMLElement).hidden ||
  (frame as HTMLElement).style.display === 'none';

/** Makes what stands where a frame will be; nothing for the invisible frames that trackers use. */
export function placeholders(view: () => View | null, answer: (answers: Answers) => void): Engine['placeholder'] {
  return (service: Service | null, frame, url) => {
    if (tiny(frame)) return null;
    const name = quietly(() => new Address(url, baseUri()).hostname) || '';
    const purpose = service ? service.purpose : dom.get(frame, 'data-consent') || null;
    const shown = service ? { id: service.id, name: service.name, purpose } : { id: '', name, purpose };
    const grant = (): void => {
      const id = service ? service.id : purpose;
      if (id && purpose) answer({ [id]: true });
    };
    return quietly(() => view()?.placeholder(shown, frame, grant)) ?? null;
  };
}
