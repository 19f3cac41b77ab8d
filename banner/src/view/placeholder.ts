// What stands where an embed waits for consent: who wants to show what, and the button that agrees to it.
import { button, h } from './dom';
import type { Words } from './words';

export function placeholderFor(service: string, purpose: string, frame: Element, { text, voice }: Words, style: (host: Element) => ShadowRoot, grant: () => void, open: () => void): HTMLElement {
  const host = h('div', { 'data-consent-placeholder': true });
  const title = text('placeholder_title', { service });
  takeTheRoomOf(frame as HTMLElement, host.style);
  style(host).append(
    h(
      'div',
      { class: 'placeholder', role: 'group', 'aria-label': title, ...voice },
      h('strong', title),
      h('p', { class: 'small' }, text('placeholder_text', { service, purpose })),
      button('fill', text('placeholder_allow', { service }), grant),
      button('link small', text('reopen'), open),
    ),
  );
  return host;
}

// The embed's own size, so that the page does not move when it comes: its style, its attributes, or the box that its
// wrapper stretches it to. Set through the CSSOM, which a policy on inline styles allows.
function takeTheRoomOf(frame: HTMLElement, style: CSSStyleDeclaration): void {
  const [width, height] = ['width', 'height'].map((side) => parseInt(frame.getAttribute(side) ?? '')) as [number, number];
  const fluid = /%$/.test(frame.getAttribute('width') ?? '');
  style.cssText = frame.style?.cssText;
  style.display = 'block';
  style.visibility = '';
  style.maxWidth ||= '100%';
  style.width ||= width && !fluid ? `${width}px` : '100%';
  if (width && !fluid) style.aspectRatio ||= `${width}/${height || 'auto'}`;
  else if (height) style.height ||= `${height}px`;
  if (frame.isConnected && getComputedStyle(frame).position === 'absolute') {
    style.position = 'absolute';
    style.inset = '0';
    style.width = style.height = '100%';
  }
}
