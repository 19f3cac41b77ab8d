import assert from 'node:assert/strict';
import { test } from 'node:test';
import createImporters from '../src/importers/index';
import axeptio from '../src/importers/axeptio';
import complianz from '../src/importers/complianz';
import cookiebot from '../src/importers/cookiebot';
import didomi from '../src/importers/didomi';
import klaro from '../src/importers/klaro';
import onetrust from '../src/importers/onetrust';
import tarteaucitron from '../src/importers/tarteaucitron';
import vanilla_cookieconsent from '../src/importers/vanilla-cookieconsent';
import { endOf } from '../src/lifetime';
import type { Imported } from '../src/parts';
import { configuration, DAY } from './builders';

const platforms = { axeptio, complianz, cookiebot, didomi, klaro, onetrust, tarteaucitron, vanilla_cookieconsent };
const MADE = Math.floor(Date.now() / 1000) * 1000 - 40 * DAY;
const iso = (time = MADE): string => new Date(time).toISOString();
const base64 = (value: unknown): string => btoa(JSON.stringify(value));
/** As these platforms write JSON: some characters percent-encoded, some not. */
const partly = (value: unknown): string => JSON.stringify(value).replace(/[",; ]/g, encodeURIComponent);

type Mapping = { audience?: string[]; social?: string[]; [purpose: string]: string[] | undefined };
function imported(from: keyof typeof platforms, cookies: string, purposes: Mapping, more: object = {}, gpc: object = {}): Imported | undefined {
  const site = configuration([], { signals: { import: { from, purposes, ...more }, gpc } });
  const lent = { site, has: () => false, decisions: () => ({}), cookies: () => cookies, endOf: (time: number) => endOf(time, 'P6M') };
  return createImporters({ [from]: platforms[from] })(lent).imported!();
}
const found = (audience: boolean | undefined, social: boolean | undefined, time = MADE) => ({
  purposes: Object.fromEntries(Object.entries({ audience, social }).filter(([, answer]) => answer !== undefined)),
  time,
});

const axeptioCookie = (answers: object, more: object = {}): string => 'axeptio_cookies=' +
  partly({ $$token: 'of7ygq32bfrybpd0b55e', $$date: iso(), $$cookiesVersion: { name: 'example-fr', identifier: '63fcc982fc0e5dc395ebcba4' }, ...answers, $$completed: true, ...more });
const oneTrustCookie = (groups: string, more = ''): string =>
  `OptanonConsent=isGpcEnabled=0&datestamp=Wed+Mar+05+2025+09%3A20%3A52+GMT%2B0100+(heure+normale)&version=202301.1.0&isIABGlobal=false&hosts=&landingPath=https%3A%2F%2Fwww.example.fr%2F%3Fa%26groups%3DC0002%253A1%2CC0004%253A1&groups=${encodeURIComponent(groups)}&AwaitingReconsent=false${more}; OptanonAlertBoxClosed=${iso()}`;
const cookiebotCookie = (answers: string, method = "method:'explicit',"): string =>
  'CookieConsent=' + `{stamp:'G+6rYDfrzwrZItFRfHCbe8iQIFLhMDCgjBS+/Oq/gZe0Lovh65ODgg==',necessary:true,${answers},${method}ver:1,utc:${MADE},region:'fr'}`.replace(/[',]/g, (one) => (one === ',' ? '%2C' : '%27'));
const vanillaCookie = (value: object): string => 'cc_cookie=' +
  encodeURIComponent(JSON.stringify({ revision: 0, data: null, consentTimestamp: iso(MADE - DAY), consentId: '12fd04af-4af6-48a3-8531-b7cf317849d1', lastConsentTimestamp: iso(), ...value }));
const didomiCookie = (value: object): string =>
  'didomi_token=' + base64({ user_id: '19290039-4e38-6203-a495-08e154a49598', created: iso(MADE - DAY), updated: iso(), version: 2, ...value });

test('Axeptio: one boolean for each vendor', () => {
  const purposes = { audience: ['google_analytics', 'hotjar'], social: ['youtube'] };
  const read = (answers: object, more?: object) => imported('axeptio', 'a=b; ' + axeptioCookie(answers, more), purposes);
  assert.deepEqual(read({ google_analytics: true, hotjar: true, youtube: false, facebook: true }), found(true, false));
  assert.deepEqual(read({ google_analytics: true, hotjar: false, youtube: true }), found(false, true), 'all of them, or none');
  assert.deepEqual(read({ google_analytics: true, youtube: true }), found(undefined, true), 'hotjar was never asked');
  assert.equal(read({ google_analytics: true, hotjar: true, youtube: true }, { $$completed: false }), undefined);
  assert.equal(read({ google_analytics: true, hotjar: true }, { $$date: undefined }), undefined);
  assert.equal(imported('axeptio', 'axeptio_cookies={%22$$token%22:%22x%22%2C%22$$date%22:%22' + iso() + '%22%2C%22$$cookiesVersion%22:{}%2C%22$$completed%22:false}', purposes), undefined);
});
test('tarteaucitron: true, false and wait', () => {
  const read = (value: string, more: object = { since: iso().slice(0, 10) }) =>
    imported('tarteaucitron', 'tarteaucitron=' + value, { audience: ['gtag'], social: ['youtube', 'vimeo'] }, more);
  const since = Date.parse(iso().slice(0, 10));
  assert.deepEqual(read('!id=a5c8155833511d18!gtag=true!youtube=false!vimeo=true'), found(true, false, since));
  assert.deepEqual(read('!gtag=wait!youtube=true!vimeo=true'), found(undefined, true, since));
  assert.deepEqual(read('%21gtag%3Dfalse'), found(false, undefined, since));
  assert.equal(read('!gtag=wait'), undefined);
  assert.equal(read('!gtag=true', {}), undefined, 'without a date it counts from nowhere');
});
test('Didomi: lists of what is enabled and disabled', () => {
  const purposes = { audience: ['analytics-NGqxWbmn', 'c:hotjar'], social: ['displayta-V8kMenYa'] };
  const read = (value: object) => imported('didomi', didomiCookie(value), purposes);
  assert.deepEqual(read({ purposes: { enabled: ['analytics-NGqxWbmn'], disabled: ['displayta-V8kMenYa'] }, vendors: { enabled: ['google', 'c:hotjar'] } }), found(true, false));
  assert.deepEqual(read({ purposes: { disabled: ['analytics-NGqxWbmn', 'displayta-V8kMenYa'] }, vendors: { enabled: ['c:hotjar'] } }), found(false, false));
  assert.deepEqual(read({ purposes: { enabled: ['displayta-V8kMenYa'] } }), found(undefined, true));
  assert.deepEqual(read({ purposes: { enabled: ['displayta-V8kMenYa'], disabled: ['displayta-V8kMenYa'] } }), found(undefined, false), 'a contradiction is a no');
  assert.equal(read({ version: null }), undefined);
});
test('Cookiebot: what was answered, not what was implied', () => {
  const purposes = { audience: ['statistics'], social: ['marketing'] };
  const read = (cookie: string) => imported('cookiebot', cookie, purposes);
  assert.deepEqual(read(cookiebotCookie('preferences:false,statistics:true,marketing:false')), found(true, false));
  assert.deepEqual(read(cookiebotCookie('preferences:false,statistics:true,marketing:false', '')), found(true, false), 'before methods were kept');
  assert.equal(read(cookiebotCookie('statistics:true,marketing:true', "method:'implied',")), undefined);
  assert.equal(read("CookieConsent={stamp:%27-1%27%2Cnecessary:true%2Cstatistics:true%2Cmarketing:true%2Cmethod:%27explicit%27%2Cver:1%2Cutc:" + MADE + '}'), undefined);
  assert.equal(read('CookieConsent=-2'), undefined);
  assert.equal(read('CookieConsent=true'), undefined);
});
test('OneTrust: groups, once the banner was closed, and never from an address', () => {
  const purposes = { audience: ['C0002'], social: ['C0004', 'STACK42'] };
  const read = (cookie: string) => imported('onetrust', cookie, purposes);
  assert.deepEqual(read(oneTrustCookie('C0001:1,C0002:1,C0003:0,C0004:0,STACK42:1')), found(true, false));
  assert.deepEqual(read(oneTrustCookie('C0001:1,C0002:0')), found(false, undefined));
  assert.equal(read(oneTrustCookie('C0001:1,C0002:1', '&AwaitingReconsent=true')), undefined);
  assert.equal(read(oneTrustCookie('C0001:1,C0002:1').split('; ')[0]!), undefined, 'there before anybody has answered');
});
test('Klaro: one boolean for each service', () => {
  const since = iso(MADE - DAY).slice(0, 10);
  const cookie = 'klaro=' + encodeURIComponent(JSON.stringify({ 'necessary-cookies': true, 'google-analytics': true, youtube: false }));
  assert.deepEqual(imported('klaro', cookie, { audience: ['google-analytics'], social: ['youtube'] }, { since }), found(true, false, Date.parse(since)));
  assert.deepEqual(imported('klaro', cookie.replace('klaro', 'my-consent'), { audience: ['google-analytics'] }, { since, cookie: 'my-consent' }), found(true, undefined, Date.parse(since)));
});
test('Complianz: a cookie for each category', () => {
  const since = iso().slice(0, 10);
  const read = (cookies: string) => imported('complianz', cookies, { audience: ['statistics'], social: ['marketing'] }, { since });
  const answers = 'cmplz_consented_services=; cmplz_policy_id=12; cmplz_marketing=deny; cmplz_statistics=allow; cmplz_functional=allow';
  assert.deepEqual(read(answers + '; cmplz_banner-status=dismissed'), found(true, false, Date.parse(since)));
  assert.equal(read(answers), undefined);
  assert.equal(read(answers + '; cmplz_banner-status=show'), undefined);
});
test('vanilla-cookieconsent: what was accepted, of what was asked', () => {
  const read = (value: object) => imported('vanilla_cookieconsent', vanillaCookie(value), { audience: ['analytics'], social: ['media'] });
  assert.deepEqual(read({ categories: ['necessary', 'analytics'], services: { necessary: [], analytics: [], media: [] } }), found(true, false));
  assert.deepEqual(read({ categories: ['necessary', 'analytics'], services: { necessary: [], analytics: [] } }), found(true, undefined), 'media came later');
  assert.deepEqual(read({ categories: ['necessary'] }), found(false, false), 'version 2 lists what was accepted alone');
  assert.equal(read({ categories: 'analytics' }), undefined);
  assert.equal(read({}), undefined);
});

test('a choice is never older than choices are kept for, never of tomorrow, never before the day the site names', () => {
  const read = (time: number, more?: object) => imported('axeptio', axeptioCookie({ a: true }, { $$date: iso(time) }), { audience: ['a'] }, more);
  assert.ok(read(Date.now() - 180 * DAY));
  assert.equal(read(Date.now() - 185 * DAY), undefined);
  assert.equal(read(Date.now() + 60e3), undefined);
  assert.ok(read(MADE, { since: iso().slice(0, 10) }));
  assert.equal(read(MADE, { since: iso(MADE + DAY).slice(0, 10) }), undefined);
});
test('a purpose that nobody mapped, or that is exempt, is not answered', () => {
  const cookie = axeptioCookie({ a: true });
  assert.deepEqual(imported('axeptio', cookie, { audience: ['a'] }), found(true, undefined));
  assert.equal(imported('axeptio', cookie, { necessary: ['a'], unknown: ['a'], audience: [] }), undefined);
});
test('what Global Privacy Control refuses is refused', () => {
  Object.defineProperty(globalThis, 'navigator', { value: { globalPrivacyControl: true }, configurable: true });
  const cookie = axeptioCookie({ a: true });
  assert.deepEqual(imported('axeptio', cookie, { audience: ['a'], social: ['a'] }, {}, { purposes: ['social'] }), found(true, false));
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
});
test('whatever stands in a cookie, nothing is granted by accident and nothing takes long', () => {
  const hostile = ['', '{', '%', '%7B', 'null', '1', '"x"', '[]', '{}', '[[]]', '{"__proto__":{"a":true},"$$completed":true,"$$date":"2026-01-01"}',
    '{"a":{"toString":1},"$$completed":true}', 'a'.repeat(100_000), '!'.repeat(8000), '='.repeat(8000), '{'.repeat(8000), '!a=true'.repeat(1000) + '!a=wait', 'dismissed'];
  const names = ['axeptio_cookies', 'cmplz_banner-status', 'CookieConsent', 'didomi_token', 'klaro', 'OptanonConsent', 'OptanonAlertBoxClosed', 'tarteaucitron', 'cc_cookie'];
  const began = performance.now();
  for (const from of Object.keys(platforms) as (keyof typeof platforms)[]) {
    for (const value of hostile) {
      for (const text of [value, encodeURIComponent(value), btoa(value)]) {
        let read: Imported | undefined;
        try {
          read = imported(from, names.map((name) => name + '=' + text).join('; '), { audience: ['a', 'constructor'], social: ['toString'] }, { since: iso().slice(0, 10) });
        } catch {} // main.ts calls it quietly
        assert.equal(read, undefined, from + ' ' + text.slice(0, 60));
      }
    }
  }
  assert.ok(performance.now() - began < 2000);
});
