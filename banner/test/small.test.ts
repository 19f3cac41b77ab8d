import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainsOf, pathsOf } from '../src/cleanup';
import { chooseLanguage } from '../src/language';
import { encode, uuid } from '../src/page';
import { siteOf } from '../src/same-site';
import { writerOf } from '../src/writer';

test('the page’s language comes first, then the browser’s, then the site’s', () => {
  const offered = ['fr', 'en'];
  assert.equal(chooseLanguage('EN-gb', ['fr'], offered, 'fr'), 'en');
  assert.equal(chooseLanguage('pt', ['de-DE', 'en-US'], offered, 'fr'), 'en');
  assert.equal(chooseLanguage('', [], offered, 'fr'), 'fr');
});
test('every domain and path that a cookie may have been given', () => {
  assert.deepEqual(domainsOf('a.b.fr'), ['', 'a.b.fr', 'b.fr']);
  assert.deepEqual(domainsOf('intranet'), ['', 'intranet']);
  assert.deepEqual(domainsOf('127.0.0.1'), ['']);
  assert.deepEqual(pathsOf('/'), ['/']);
  assert.deepEqual(pathsOf('/shop/item'), ['/', '/shop', '/shop/', '/shop/item', '/shop/item/']);
});
test('the writer is the first frame that is not ours, in every browser’s spelling', () => {
  const own = 'https://c.example/v1/sites/x/banner.js';
  assert.equal(writerOf('Error\n    at f (' + own + ':1:2)\n    at https://t.example/a.js:3:4', own), 'https://t.example/a.js');
  assert.equal(writerOf('f@' + own + ':1:2\ng@https://t.example:8443/a.js?x=(1):3:4', own), null);
  assert.equal(writerOf('f@' + own + ':1:2\ng@https://t.example:8443/a.js:3:4', own), 'https://t.example:8443/a.js');
  for (const stack of [undefined, null, 7, '', 'x', 'at <anonymous>']) assert.equal(writerOf(stack, own), null);
});
test('JSON does not ask toJSON', () => {
  (Array.prototype as any).toJSON = () => 'x';
  try {
    assert.equal(encode({ a: ['é"', 1, null], b: undefined, c: { d: true } }), '{"a":["é\\"",1,null],"c":{"d":true}}');
  } finally {
    delete (Array.prototype as any).toJSON;
  }
});
test('uuids are random and of version 4', () => {
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const randomUUID = crypto.randomUUID;
  Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true, writable: true });
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  Object.defineProperty(crypto, 'randomUUID', { value: randomUUID, configurable: true, writable: true });
});
test('the site is the shortest suffix that takes a cookie', () => {
  let taken = '';
  const browser = {
    read: () => taken,
    write: (line: string) => void (taken = /Domain=(fr|gouv\.fr);/.test(line) || /Max-Age=0/.test(line) ? '' : 'eu-consent-probe=1'),
  };
  assert.equal(siteOf('www.impots.gouv.fr', browser), 'impots.gouv.fr');
  assert.equal(siteOf('127.0.0.1', browser), '127.0.0.1');
});
