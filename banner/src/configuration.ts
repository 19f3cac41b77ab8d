// What the server publishes for one site, as it stands in front of the runtime. Types only, no code.
// The Python side of this shape is consent_server/domain/embedding.py; tests/domain/test_embedding.py holds both together.

export type Texts = { readonly [key: string]: string };
export type Translated = { readonly [language: string]: string };
export type Kind = 'cookie' | 'local_storage' | 'session_storage' | 'indexed_db' | 'cache_storage' | 'pixel' | 'script' | 'iframe';

export interface Purpose {
  readonly id: string;
  readonly exempt: boolean; // only `necessary`
  readonly since: number; // configuration version that last changed what a yes to it means (UI-14)
  readonly title: Translated;
  readonly description: Translated; // the one sentence of layer 1
}

export interface Tracker {
  readonly name: string; // name pattern, `*` = any run of characters
  readonly kind: Kind;
  readonly purpose: string | null; // null: unclassified, blocked whatever the visitor answers
  readonly domain: string; // 'site' = the page's own host(s); otherwise a host, its subdomains included
  readonly lifetime_seconds: number | null; // applied; 0 = session
  readonly exemption: boolean;
}

export interface Service {
  readonly id: string;
  readonly name: string;
  readonly purpose: string | null;
  readonly exempt: boolean; // its own scripts and requests need no consent
  readonly preload?: boolean; // its URLs may be requested before a choice, its cookies wait (SIG-01)
  readonly url_patterns: readonly string[]; // `host/path*`, `*.host/*`; host may carry a port
  readonly trackers: readonly Tracker[];
}

export interface Theme {
  readonly background: string; // '#rrggbb', all of them
  readonly text: string;
  readonly accent: string; // every primary button, accept and refuse alike
  readonly accent_text: string;
  readonly border: string;
  readonly radius: number; // px
  readonly position: 'bottom' | 'bottom-left' | 'bottom-right' | 'center';
  readonly dark?: { readonly background: string; readonly text: string; readonly accent: string; readonly accent_text: string; readonly border: string };
}

export interface Banner {
  readonly layout: 'bar' | 'box' | 'modal';
  readonly theme: Theme;
  readonly close: boolean; // show "continue without accepting" on layer 1 (UI-06)
  readonly privacy_url: string | null;
  readonly texts: { readonly [language: string]: Texts };
  readonly logo?: { readonly digest: string; readonly width: number; readonly height: number; readonly alt: Translated }; // CSS px
}

export interface Configuration {
  readonly site_key: string;
  readonly version: number;
  readonly digest: string; // 'sha256:<hex>'
  readonly default_language: string;
  readonly languages: readonly string[];
  readonly max_lifetime_seconds: number;
  readonly choice_lifetime: string; // 'P6M'
  readonly unknown_third_parties: 'allow' | 'block';
  readonly unknown_cookies: 'allow' | 'block';
  readonly known_trackers: readonly string[]; // cookie name patterns the library knows, outside this catalogue
  readonly reload_on_withdrawal: boolean;
  readonly count_notices?: boolean; // tell the server, without a word about anybody, that the notice is shown
  readonly purposes: readonly Purpose[]; // `necessary` first; only purposes with an active tracker or service
  readonly services: readonly Service[];
  readonly banner: Banner;
  readonly signals: { readonly [name: string]: unknown };
}
