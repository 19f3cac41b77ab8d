// How the view makes elements and styles. Nothing here parses markup, so a page under Trusted Types or without
// `unsafe-inline` sees nothing it forbids.
import type { Theme } from '../configuration';
import { create, HTML } from '../dom';
import { listen, quietly } from '../page';
import css from './style.css';
import type { Words } from './words';

type Attributes = { readonly [name: string]: string | number | boolean | null | ((event: Event) => void) };
export type Child = Node | string | null | false | undefined;
type Part = Child | Attributes | readonly Part[];

/** h('button', { class: 'fill', click: () => … }, 'Label'): texts, nodes and lists of them become children, in an object
 * functions become listeners and everything else attributes; what is null, false or empty becomes nothing. */
export function h<T extends keyof HTMLElementTagNameMap>(tag: T, ...parts: Part[]): HTMLElementTagNameMap[T] {
  const element = create(document, HTML, tag) as HTMLElementTagNameMap[T];
  for (const part of parts.flat(9) as (Child | Attributes)[]) {
    if (part instanceof Node || (part && typeof part === 'string')) element.append(part);
    else {
      for (const [name, value] of Object.entries(part || {})) {
        if (typeof value === 'function') listen(element, name, (event: Event) => quietly(() => value(event)));
        else if (value) element.setAttribute(name, value === true ? '' : (value as string));
      }
    }
  }
  return element;
}

export const button = (kind: string, label: Child, press: () => void, action: string | null = null, more: Attributes = {}): HTMLButtonElement =>
  h('button', { type: 'button', class: kind, 'data-consent-action': action, click: press }, more, label);

/** A drawing of lines, 24 × 24, named by the button around it. */
export function iconButton(kind: string, label: string, path: string, press: () => void, action: string): HTMLButtonElement {
  const draw = (tag: string, attribute: string, value: string): Element => {
    const drawn = create(document, 'http://www.w3.org/2000/svg', tag);
    drawn.setAttribute(attribute, value);
    return drawn;
  };
  const svg = draw('svg', 'viewBox', '0 0 24 24');
  svg.append(draw('path', 'd', path));
  return button(kind, svg, press, action, { title: label, 'aria-label': label });
}

/** A link in a new tab, said so in its title; plain text when the address is not one a browser should follow. */
export function link(url: string | null | undefined, label: string, { text }: Words): Child {
  const anchor = h('a', { href: url || null, target: '_blank', rel: 'noopener', title: `${label} (${text('new_tab')})` }, label);
  return /^http/.test(anchor.protocol) && url ? anchor : label;
}

const colours = ({ background, text, accent, accent_text, border }: NonNullable<Theme['dark']>): string =>
  `:host{--b:${background};--t:${text};--a:${accent};--c:${accent_text};--l:${border}}`;

/** Returns what opens a styled shadow root on an element. The sheet is built once and shared. */
export function styled(theme: Theme, nonce: string): (host: Element) => ShadowRoot {
  const { dark, radius } = theme;
  const text = `${css}:host{--r:${radius}px;--w:${theme.background}}${colours(theme)}${dark ? `@media(prefers-color-scheme:dark){${colours(dark)}}` : ''}`;
  const sheet = quietly(() => {
    const made = new CSSStyleSheet(); // Safari before 16.4 cannot construct one
    made.replaceSync(text);
    return made;
  });
  return (host) => {
    const root = host.attachShadow({ mode: 'open' });
    if (sheet) root.adoptedStyleSheets = [sheet];
    else root.append(h('style', { nonce }, text));
    return root;
  };
}
