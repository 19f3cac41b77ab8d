// What is behind each purpose, as layer 2 and the declaration show it: services, their trackers, for how long (DUR-03).
// One list is built for both; it says nothing about what the visitor answered.
import type { Configuration, Service, Tracker } from '../configuration';
import { type Child, button, h, link } from './dom';
import type { Words } from './words';

export interface Entry {
  readonly service: Service;
  readonly trackers: readonly Tracker[];
}

/** What a purpose holds; null asks for what nobody has classified yet. Exempt trackers stand under the exempt purpose. */
export function entriesOf({ purposes, services }: Configuration, purpose: string | null): Entry[] {
  const exempt = purposes.find((each) => each.exempt)?.id ?? null;
  return services
    .map((service) => ({ service, trackers: service.trackers.filter((tracker) => (tracker.exemption ? exempt : tracker.purpose) === purpose) }))
    .filter(({ service, trackers }) => trackers.length || ((service.exempt ? exempt : service.purpose) === purpose && (purpose || !service.trackers.length)));
}

/** Vendor → its services, under every purpose that needs consent (UI-09). */
export function partnersOf(configuration: Configuration): Map<string, Service[]> {
  const partners = new Map<string, Service[]>();
  const services = configuration.purposes.flatMap(({ id, exempt }) => (exempt ? [] : entriesOf(configuration, id)));
  for (const service of new Set(services.map((entry) => entry.service))) partners.set(service.vendor, [...(partners.get(service.vendor) || []), service]);
  return partners;
}

export const partnerList = (partners: Map<string, Service[]>, words: Words): HTMLElement =>
  h('ul', [...partners].map(([vendor, services]) =>
    h('li', link(services.find((one) => one.policy_url)?.policy_url, vendor, words), ` – ${services.map(({ name }) => name).join(', ')}`)));

/** `granted` are services that were agreed to by themselves, from their placeholder. */
export const serviceList = (entries: Entry[], words: Words, granted: { readonly [service: string]: boolean } = {}): HTMLElement =>
  h('ul', entries.map(({ service: { id, name, vendor, policy_url }, trackers }) =>
    h(
      'li',
      h('strong', name),
      vendor !== name && ` – ${vendor}`,
      granted[id] === true && ` (${words.text('on')})`,
      policy_url && [h('br'), link(policy_url, words.text('vendor_policy', { vendor }), words)],
      trackers[0] && h('ul', trackers.map((tracker) => row(tracker, words))),
    )));

function row(tracker: Tracker, words: Words): HTMLElement {
  const { kind, domain, name, exemption, description } = tracker;
  const { text, pick } = words;
  const kept = tracker.declared_lifetime || !/^(script|iframe|pixel)$/.test(kind);
  const facts = [text(`kind_${kind}`), domain !== 'site' && domain, kept && text('lifetime', { lifetime: lifetime(tracker, words) })];
  return h('li', h('code', name), h('p', pick(description), exemption?.ground === 'EXM-07' && ` ${text('objection')}`), h('small', facts.filter(Boolean).join(' · ')));
}

// The vendor's claim first; what is applied only where a script can enforce it: not on somebody else's domain (DUR-03).
function lifetime({ declared_lifetime, capped, domain, lifetime: applied }: Tracker, { text, duration }: Words): string {
  const declared = declared_lifetime ? duration(declared_lifetime) : text('unknown');
  return capped && applied && domain === 'site' ? text('capped', { declared, applied: duration(applied) }) : declared;
}

/** The whole declaration, in the page's own style: headings and lists only. */
export function declare(host: Element, configuration: Configuration, words: Words, open: () => void): void {
  const { text, pick, voice } = words;
  const part = (id: string | null, title: string, description: string): Child[] => {
    const entries = entriesOf(configuration, id);
    return entries[0] ? [h('h2', title), h('p', description), serviceList(entries, words)] : [];
  };
  host.replaceChildren(
    h(
      'div',
      voice,
      configuration.purposes.flatMap(({ id, title, description }) => part(id, pick(title), pick(description))),
      part(null, text('unclassified_title'), text('unclassified_text')),
      h('p', button('', text('reopen'), open)),
    ),
  );
}
