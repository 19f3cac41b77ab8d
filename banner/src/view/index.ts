// What the visitor sees, and when: one layer at a time, then the small control that brings it back.
// Knows how to show and to hide, where focus goes and what a key does; decides nothing: every answer goes to `actions`,
// and the engine calls `settle` once it has been kept.
import { insertBefore } from '../dom';
import { activeOf, bodyOf, Observer, rootOf } from '../page';
import type { CreateView } from './contract';
import { h, iconButton, link, styled } from './dom';
import { declare } from './inventory';
import { layer1, layer2 } from './layers';
import { placeholderFor } from './placeholder';
import { keepClear } from './room';
import { wordsOf } from './words';

const COOKIE = 'M21 12.5A9 9 0 1 1 11.5 3a4.7 4.7 0 0 0 4.7 4.8A4.7 4.7 0 0 0 21 12.5M8.5 9.5v.01M8 14.5v.01M12.5 12v.01M13 16.5v.01';
const PAUSE = 100; // ms: a live region speaks when its text changes, not when it appears with it
const READ = 6000; // ms

export const createView: CreateView = (configuration, language, nonce, actions) => {
  const words = wordsOf(configuration, language);
  const shadow = styled(configuration.banner.theme, nonce);
  const host = h('div', { 'data-consent-banner': true });
  const root = shadow(host);
  const status = h('p', { role: 'status', ...words.voice });
  let control: HTMLElement | undefined; // there when no layer is; the first one does not wait for it
  let shown: HTMLDialogElement | null = null; // the layer on screen
  let modal = false;
  let asking = false; // no valid answer: leaving layer 2 leads back to layer 1
  let opener: HTMLElement | null = null; // who had focus before, to give it back
  let release: (() => void) | null = null;

  const ask = (at = '#Title'): void => {
    remember();
    asking = true;
    const dialog = layer1(configuration, words, actions, settings);
    const isModal = configuration.banner.layout === 'modal';
    // Somebody already typing in the page is not interrupted by a layer that is not modal.
    show(dialog, 1, isModal, isModal || at !== '#Title' || !opener ? at : '');
  };

  const settings = (at = '#Title'): void => {
    remember();
    show(layer2(configuration, words, actions, back), 2, true, at);
  };

  const open = (): void => settings();
  const back = (): void => (asking ? ask('[data-consent-action=customize]') : settle());

  const settle = (message?: 'saved'): void => {
    const closed = shown;
    asking = false;
    attach();
    hide();
    root.append((control ||= iconButton('reopen', words.text('reopen'), COOKIE, open, 'open')));
    if (message) setTimeout(() => (status.textContent = words.text(message)), PAUSE);
    setTimeout(() => (status.textContent = ''), READ);
    if (!closed) return;
    opener?.focus();
    opener = null;
    actions.closed();
  };

  const show = (dialog: HTMLDialogElement, layer: 1 | 2, isModal: boolean, focus: string): void => {
    attach();
    hide();
    control?.remove();
    shown = dialog;
    modal = isModal;
    if (modal) dialog.setAttribute('aria-modal', 'true');
    dialog.addEventListener('keydown', keys);
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    root.append(dialog);
    reveal(dialog);
    if (!modal) release = keepClear(dialog, root);
    if (focus) dialog.querySelector<HTMLElement>(focus)?.focus();
    actions.opened(layer);
  };

  const reveal = (dialog: HTMLDialogElement): void => {
    dialog.open = false;
    if (modal) dialog.showModal();
    else dialog.open = true; // show() would move focus
  };

  const hide = (): void => {
    release?.();
    release = null;
    shown?.remove();
    shown = null;
  };

  const remember = (): void => {
    const active = activeOf(document);
    const inner = (active?.shadowRoot?.activeElement ?? active) as HTMLElement | null;
    if (!shown) opener = inner === bodyOf(document) ? null : inner;
  };

  // Escape leaves layer 2 without an answer and never leaves layer 1; Tab stays within what is modal.
  const keys = (event: KeyboardEvent): void => {
    if (!modal) return;
    const stops = shown!.querySelectorAll<HTMLElement>('a,button,input,summary');
    const [first, last] = [stops[0], stops[stops.length - 1]];
    const at = root.activeElement;
    if (event.key === 'Escape') {
      if (shown!.className === 'two') back();
    } else if (event.key !== 'Tab') return;
    else if (event.shiftKey && (at === first || at?.id === 'Title')) last?.focus();
    else if (!event.shiftKey && at === last) first?.focus();
    else return;
    event.preventDefault();
  };

  // Before <body>: first in the focus order, out of reach of the page's sibling selectors, and possible from <head>.
  const attach = (): void => {
    if (host.isConnected) return;
    insertBefore(rootOf(document), host, bodyOf(document));
    if (shown) reveal(shown);
  };

  root.append(status);
  // Frameworks that take over the whole document may drop what they did not make.
  new Observer(attach).observe(rootOf(document), { childList: true });

  return {
    ask() {
      if (!asking || !shown) ask();
    },
    open,
    settle,
    placeholder({ name, purpose }, frame, grant) {
      const title = words.pick(configuration.purposes.find(({ id }) => id === purpose)?.title) || words.text('unclassified_title');
      return placeholderFor(name, title, frame, words, shadow, grant, open);
    },
    declaration: (element) => void actions.declared(language).then((declaration) => declare(element, declaration, words, open))
      .catch(() => element.append(h('p', link(actions.page('policy'), words.text('services'), words)))),
  };
};
