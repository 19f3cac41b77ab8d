// A layer that is not modal lies over the page: what the keyboard reaches there must not be hidden beneath it (A11Y-05).
// Padding the page would shift it, so the browser is told to scroll focused elements clear of the layer, and where the
// page ends too early to scroll, an element outside the flow lengthens it, only then and only for the keyboard.
import { listen, rootOf, unlisten } from '../page';
import { h } from './dom';

export function keepClear(layer: HTMLElement, root: ShadowRoot): () => void {
  const page = rootOf(document);
  const before = page.style.scrollPaddingBottom;
  const spacer = h('div', { class: 'spacer' });
  const uncover = ({ target }: Event): void => {
    // Under a mouse the page must stay where it is: a press that begins on a button would end beside it.
    if (!(target instanceof Element) || target === root.host || !target.matches(':focus-visible')) return;
    const over = layer.getBoundingClientRect();
    const under = target.getBoundingClientRect();
    const missing = under.bottom - over.top + 8;
    // A page that scrolls smoothly has not brought it into the window yet.
    const below = under.top > over.bottom && under.top < innerHeight;
    if (missing < 8 || below || under.right < over.left || under.left > over.right) return;
    const end = page.scrollHeight;
    spacer.style.top = `${end}px`;
    spacer.style.height = `${Math.max(0, missing - (end - innerHeight - scrollY))}px`;
    root.append(spacer);
    scrollBy(0, missing);
  };
  page.style.scrollPaddingBottom = `${Math.min(layer.offsetHeight, innerHeight / 2)}px`;
  listen(document, 'focusin', uncover);
  return () => {
    unlisten(document, 'focusin', uncover);
    spacer.remove();
    page.style.scrollPaddingBottom = before;
    if (!page.getAttribute('style')) page.removeAttribute('style'); // as we found it
  };
}
