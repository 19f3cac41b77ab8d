// What the engine and the view know of each other. The engine decides and enforces; the view shows and asks.

import type { Configuration } from '../configuration';

/** What the server tells of one configuration in one language, worded (GET …/policy.json). */
export interface Declaration {
  readonly purposes: readonly DeclaredPurpose[];
  readonly partners: readonly { readonly name: string; readonly policy_url: string | null; readonly services: readonly string[] }[];
  readonly intro: string;
  readonly withdraw: string; // how to change one's mind
  readonly updated: string; // which configuration, of which day
}

export interface DeclaredPurpose {
  readonly id: string | null; // null: what nobody has classified yet
  readonly title: string;
  readonly description: string;
  readonly details: string; // the longer text of layer 2
  readonly services: readonly DeclaredService[];
}

export interface DeclaredService {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  readonly policy_url: string | null;
  readonly trackers: readonly { readonly name: string; readonly facts: string; readonly description: string; readonly exempt_because: string }[];
}

export interface ViewState {
  readonly decisions: { readonly [purpose: string]: boolean };
  readonly services: { readonly [service: string]: boolean };
  readonly granted: boolean;
  readonly consentId: string | null;
  readonly controlled: boolean; // the browser's privacy control refuses some purposes (GPC-05)
}

export interface ViewActions {
  acceptAll(layer: 1 | 2): void;
  refuseAll(layer: 1 | 2): void;
  withdraw(): void;
  save(decisions: { [purpose: string]: boolean }): void;
  opened(layer: 1 | 2): void; // told to window.consent.on('open')
  closed(): void; // told to window.consent.on('close')
  state(): ViewState;
  declared(language: string): Promise<Declaration>; // rejected when the server is away
  // `policy` is the declaration; `choices` what this visitor answered: the identifier is its fragment, which browsers send nobody
  page(name: string, query?: string): string;
}

export interface View {
  ask(): void; // show layer 1 (no valid choice)
  open(): void; // reopen: layer 2 with accept all / refuse all / save directly
  settle(message?: 'saved'): void; // close everything, show the floating reopen control
  // stands where an embed will be; carries data-consent-placeholder
  placeholder(service: { id: string; name: string; purpose: string | null }, frame: Element, grant: () => void): HTMLElement;
  declaration(host: Element): void; // renders the cookie declaration into <div data-consent-policy>
}

export type CreateView = (configuration: Configuration, language: string, nonce: string, actions: ViewActions) => View;
