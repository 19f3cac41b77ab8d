// What is behind each purpose, as layer 2 and the declaration show it: services, their trackers, for how long. The server
// words it; here are the lists. One list is built for both; it says nothing about what the visitor answered.
import type { Declaration, DeclaredService, ViewState } from './contract';
import { button, h, link } from './dom';
import type { Words } from './words';

export const partnerList = ({ partners }: Declaration, words: Words): HTMLElement =>
  h('ul', partners.map(({ name, policy_url, services }) => h('li', link(policy_url, name, words), ` – ${services.join(', ')}`)));

/** `granted` are services that were agreed to by themselves, from their placeholder. */
export const serviceList = (services: readonly DeclaredService[], words: Words, granted: ViewState['services'] = {}): HTMLElement =>
  h('ul', services.map(({ id, name, vendor, policy_url, trackers }) =>
    h(
      'li',
      h('strong', name),
      vendor !== name && ` – ${vendor}`,
      granted[id] === true && ` (${words.text('on')})`,
      policy_url && [h('br'), link(policy_url, words.text('vendor_policy', { vendor }), words)],
      trackers[0] && h('ul', trackers.map(({ name, facts, description, exempt_because }) =>
        h('li', h('code', name), h('p', `${description} ${exempt_because}`), h('small', facts)))),
    )));

/** The whole declaration, in the page's own style: headings and lists only. */
export const declare = (host: Element, declaration: Declaration, words: Words, open: () => void): void =>
  host.replaceChildren(
    h(
      'div',
      words.voice,
      h('p', declaration.intro),
      declaration.purposes.map(({ title, description, services }) =>
        services[0] && [h('h2', title), h('p', description), serviceList(services, words)]),
      declaration.partners[0] && [h('h2', words.text('partners')), partnerList(declaration, words)],
      h('p', declaration.withdraw),
      h('p', button('', words.text('reopen'), open)),
      h('small', declaration.updated),
    ),
  );
