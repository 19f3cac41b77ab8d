// The two dialogs, as elements: what the visitor reads and presses. Showing, hiding and focus are index.ts's.
import { asked } from '../choice';
import type { Configuration } from '../configuration';
import type { ViewActions } from './contract';
import { type Child, button, h, iconButton, link } from './dom';
import { partnerList, serviceList } from './inventory';
import type { Words } from './words';

// Refuse and accept come from one line, so that no style can favour one (UI-04).
const answers = ({ text }: Words, { refuseAll, acceptAll }: ViewActions, layer: 1 | 2): HTMLElement[] => [
  button('fill', text('refuse_all'), () => refuseAll(layer), 'refuse-all'),
  button('fill', text('accept_all'), () => acceptAll(layer), 'accept-all'),
];

// Ids begin with a capital: those of purposes, which are the sites' own, do not.
function dialog(words: Words, kind: string, title: string, close: Child, intro: string, body: Child[], buttons: Child[], logo?: Child): HTMLDialogElement {
  return h(
    'dialog',
    { class: kind, role: 'dialog', 'aria-labelledby': 'Title', 'aria-describedby': 'Intro', ...words.voice },
    h('div', { class: 'head' }, logo, h('h2', { id: 'Title', tabindex: '-1' }, title), close),
    h('div', { class: 'body' }, h('p', { id: 'Intro' }, intro), body),
    h('div', { class: 'foot' }, buttons),
  );
}

export function layer1(configuration: Configuration, words: Words, actions: ViewActions, settings: (at?: string) => void): HTMLDialogElement {
  const { text, pick } = words;
  const { layout, theme, close, privacy_url, logo } = configuration.banner;
  return dialog(
    words,
    layout === 'box' ? `box ${theme.position}` : layout,
    text('title'),
    close && button('link small', text('close'), () => actions.refuseAll(1), 'close'),
    text('intro'),
    [
      h('ul', { class: 'purposes' }, asked(configuration).map(({ title, description }) => h('li', h('strong', pick(title)), pick(description)))),
      actions.state().controlled && h('p', h('strong', text('privacy_control'))),
      h('p', `${text('consequences')} ${text('withdraw_how')}`),
      h('p', { class: 'links' }, text('partners') && button('link', text('partners'), () => settings('#Partners')), privacy_url && link(privacy_url, text('privacy'), words)),
    ],
    [...answers(words, actions, 1), button('line', text('customize'), () => settings(), 'customize')],
    // Its place is kept whether it comes or not; without words it only decorates.
    logo && h('img', { src: actions.page(`logo.${logo.digest.slice(7)}.webp`, ''), alt: pick(logo.alt) || true, width: logo.width, height: logo.height }),
  );
}

export function layer2(configuration: Configuration, words: Words, actions: ViewActions, back: () => void): HTMLDialogElement {
  const { text, pick } = words;
  const { decisions, services, granted, consentId } = actions.state();
  const { privacy_url } = configuration.banner;
  const switches: HTMLInputElement[] = [];
  const toggle = (id: string): HTMLElement => {
    const input = h('input', { type: 'checkbox', role: 'switch', id, 'data-consent-purpose': id, 'aria-describedby': `${id}-is`, checked: decisions[id] === true });
    switches.push(input);
    // The word repeats the state for who sees neither colour nor shape well; screen readers have it from the switch.
    const word = h('span', { 'aria-hidden': 'true' }, ['off', 'on'].map((state) => h('span', { class: state }, text(state))));
    return h('div', input, word);
  };
  const save = (): void => actions.save(Object.fromEntries(switches.map(({ id, checked }) => [id, checked])));
  const groups = configuration.purposes.map(({ id, exempt, title, description }) =>
    group(exempt ? pick(title) : h('label', { for: id }, pick(title)), exempt ? h('b', text('always')) : toggle(id), h('p', { id: `${id}-is` }, pick(description))),
  );
  const partners = text('partners') && h('h3', { id: 'Partners', tabindex: '-1' }, text('partners'));
  const more = h('p', link(actions.page('policy'), text('services'), words));

  // What is behind each purpose comes when it is asked for; the choice never waits for it. Without it the link stays.
  void actions.declared(words.voice.lang).then((declaration) => {
    declaration.purposes.forEach(({ id, title, description, details, services: its }, i) => {
      const unclassified = id === null;
      const place = unclassified ? group(title, h('b', text('blocked')), h('p', description)) : groups[i]!;
      if (unclassified) groups[i - 1]!.after(place);
      place.append(h('p', details));
      if (its[0]) place.append(h('details', h('summary', text('services')), serviceList(its, words, services)));
    });
    if (partners) partners.after(partnerList(declaration, words));
    more.remove();
  }).catch(() => {});

  return dialog(
    words,
    'two',
    text('settings_title'),
    iconButton('cross', text('back'), 'M6 6l12 12M18 6L6 18', back, 'close'),
    text('settings_intro'),
    [
      ...groups,
      partners,
      more,
      privacy_url && h('p', link(privacy_url, text('privacy'), words)),
      consentId && h('p', link(`${actions.page('choices')}#${consentId}`, text('consent_id', { id: consentId }), words)),
    ],
    [...answers(words, actions, 2), button('line', text('save'), save, 'save'), granted && button('line', text('withdraw'), () => actions.withdraw(), 'withdraw')],
  );
}

const group = (title: Child, side: Child, content: Child): HTMLElement => h('fieldset', h('legend', title), side, content);
