// Forms that are sent to a tracker: not sent. The form keeps its address, or it would go to the page's own. The same for
// refreshes that the parser has begun to wait for when we see them (gates/links.ts holds their address).

import { getAttribute } from '../dom';
import { guardMethod, quietly, resolve } from '../page';
import type { CreateGate } from './gate';

export const forms: CreateGate = ({ elements, judgeElement, told }) => {
  function stops(form: Element, button?: Element | null): boolean {
    const url = (button && getAttribute(button, 'formaction')) ?? getAttribute(form, 'action');
    const verdict = url === null ? null : judgeElement(form, url);
    if (!verdict || verdict.allowed) return false;
    told('forms', url!, verdict);
    return true;
  }
  guardMethod(globalThis.HTMLFormElement?.prototype, 'submit', (form) => (stops(form) ? () => {} : undefined));
  window.addEventListener('submit', (event) => void quietly(() => stops(event.target as Element, event.submitter) && event.preventDefault()), true);
  (window as any).navigation?.addEventListener('navigate', (event: any) => void quietly(() =>
    elements.urls('meta').some((url) => resolve(url).href === event.destination.url) && event.preventDefault()));
  return { name: 'forms' };
};
