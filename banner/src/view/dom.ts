// How the view makes elements and styles. Nothing here parses markup, so a page under Trusted Types or without
// `unsafe-inline` sees nothing it forbids.
import type { Theme } from '../configuration';
import css from './style.css';
import type { Words } from './words';

type Attribute = string | boolean | null | ((event: Event) => void);
export type Child = Node | string | null | false;

/** h('button', { class: 'fill', click: () => … }, 'Label'): a function becomes a listener; null and false nothing. */
export function h<T extends keyof HTMLElementTagNameMap>(tag: T, attributes: { [name: string]: Attribute } = {}, ...children: Child[]): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  for (const name in attributes) {
    const value = attributes[name];
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...(children.filter(Boolean) as (Node | string)[]));
  return element;
}

export function button(kind: string, label: string | Node, press: () => void, action: string | null = null): HTMLButtonElement {
  return h('button', { type: 'button', class: kind, 'data-consent-action': action, click: press }, label);
}

/** A drawing of lines, 24 × 24, named by the button around it. */
export function iconButton(kind: string, label: string, path: string, press: () => void, action: string): HTMLButtonElement {
  const draw = (tag: string): Element => document.createElementNS('http://www.w3.org/2000/svg', tag);
  const svg = draw('svg');
  const line = draw('path');
  svg.setAttribute('viewBox', '0 0 24 24');
  line.setAttribute('d', path);
  svg.append(line);
  const made = button(kind, svg, press, action);
  made.title = label;
  made.setAttribute('aria-label', label);
  return made;
}

/** A link in a new tab, said so in its title; plain text when the address is not one a browser should follow. */
export function link(url: string | null, label: string, { text }: Words): Child {
  const anchor = h('a', { href: url, target: '_blank', rel: 'noopener', title: `${label} (${text('new_tab')})` }, label);
  return /^http/.test(anchor.protocol) && url ? anchor : label;
}

const colours = ({ background, text, accent, accent_text, border }: NonNullable<Theme['dark']>): string =>
  `:host{--b:${background};--t:${text};--a:${accent};--c:${accent_text};--l:${border}}`;

/** Returns what opens a styled shadow root on an element. The sheet is built once and shared. */
export function styled(theme: Theme, nonce: string): (host: Element) => ShadowRoot {
  const text = `${css}:host{--r:${theme.radius}px}${colours(theme)}${theme.dark ? `@media(prefers-color-scheme:dark){${colours(theme.dark)}}` : ''}`;
  let sheet: CSSStyleSheet | undefined;
  try {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
  } catch {
    sheet = undefined; // Safari before 16.4 cannot construct one
  }
  return (host) => {
    const root = host.attachShadow({ mode: 'open' });
    if (sheet) root.adoptedStyleSheets = [sheet];
    else root.append(h('style', { nonce }, text));
    return root;
  };
}
