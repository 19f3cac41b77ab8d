// Forms that are sent to a tracker: not sent. The form keeps its address, or it would go to the page's own.

import { getAttribute } from '../dom';
import { guardMethod } from '../page';
import type { CreateGate } from './gate';

export const forms: CreateGate = ({ judgeElement, told }) => {
  function stops(form: Element, button?: Element | null): boolean {
    const url = (button && getAttribute(button, 'formaction')) ?? getAttribute(form, 'action');
    const verdict = url === null ? null : judgeElement(form, url);
    if (!verdict || verdict.allowed) return false;
    told('forms', url!, verdict);
    return true;
  }
  guardMethod(globalThis.HTMLFormElement?.prototype, 'submit', (form) => (stops(form) ? () => {} : undefined));
  window.addEventListener('submit', (event) => stops(event.target as Element, event.submitter) && event.preventDefault(), true);
  return { name: 'forms' };
};
