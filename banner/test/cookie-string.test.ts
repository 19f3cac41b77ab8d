import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { namesIn, parseCookieDate, parseCookieWrite, withEnd } from '../src/cookie-string';

const NOW = Date.UTC(2026, 10, 22);
const end = (text: string) => parseCookieWrite(text, NOW).end;

test('without Max-Age and Expires a cookie ends with the session', () => assert.equal(end('a=1; Path=/'), null));
test('Max-Age counts from now, with a plus sign too', () => {
  assert.equal(end('a=1; max-age=60'), NOW + 60e3);
  assert.equal(end('a=1; Max-Age=+60'), NOW + 60e3);
});
test('Expires is a date', () => assert.equal(end('a=1; EXPIRES=Wed, 22 Nov 2028 10:00:00 GMT'), Date.UTC(2028, 10, 22, 10)));
test('Max-Age wins over Expires, wherever it stands', () => {
  assert.equal(end('a=1; Max-Age=60; Expires=Wed, 22 Nov 2028 10:00:00 GMT'), NOW + 60e3);
  assert.equal(end('a=1; Expires=Wed, 22 Nov 2028 10:00:00 GMT; Max-Age=60'), NOW + 60e3);
});
test('zero and negative Max-Age are in the past: a deletion', () => {
  assert.ok(end('a=; Max-Age=0')! <= NOW);
  assert.ok(end('a=; Max-Age=-1')! <= NOW);
});
test('what is no date and no number is ignored, as browsers do', () => {
  assert.equal(end('a=1; Expires=never'), null);
  assert.equal(end('a=1; Max-Age=1e9'), null);
  assert.equal(end('a=1; Max-Age='), null);
  assert.equal(end('a=1; Max-Age=x; Expires=Wed, 22 Nov 2028 10:00:00 GMT'), Date.UTC(2028, 10, 22, 10));
});
test('of repeated attributes the last counts', () => assert.equal(end('a=1; Max-Age=60; Max-Age=120'), NOW + 120e3));
test('cookie dates are read as the guard reads them', () => {
  for (const { desc, text, at } of JSON.parse(readFileSync('../tests/vectors/cookie_dates.json', 'utf8'))) {
    assert.equal(parseCookieDate(text), at === null ? NaN : Date.parse(at), desc);
  }
});
test('name, domain and path are read in any case and without blanks', () => {
  const { name, domain, path } = parseCookieWrite(' _ga = 1 ; DOMAIN=.Example.FR; pAtH=/shop', NOW);
  assert.deepEqual([name, domain, path], ['_ga', 'example.fr', '/shop']);
});
test('a cookie without = has no name', () => assert.equal(parseCookieWrite('flag', NOW).name, ''));
test('a shorter life replaces both attributes and nothing else', () => {
  const write = parseCookieWrite('a=1; Expires=x; Path=/; Secure; max-age=999', NOW);
  assert.equal(withEnd(write, NOW + 10e3, NOW), 'a=1; Max-Age=10; Path=/; Secure');
  assert.equal(withEnd(write, null, NOW), 'a=1; Path=/; Secure');
});
test('a deletion is one to every browser', () => {
  for (const text of ['a=1; Max-Age=0; Max-Age; x', 'a=1;\u00a0Max-Age=0; x', 'a=1; Max-Age=0\u2028; x', 'a=1; Expires=1 Jan 09999 00:00:00 1970; x', 'a=1; Max-Age=+0; x', 'a=1; Max-Age=-5; x\n; y', 'a=1; Max-Age=0; x\0']) {
    const write = parseCookieWrite(text, NOW);
    assert.equal(withEnd(write, write.end, NOW), 'a=1; Max-Age=0; x', text);
  }
});
test('names of a cookie string', () => assert.deepEqual(namesIn('a=1; b=x=y; flag'), ['a', 'b', '']));
test('a nameless cookie is judged by the name it reads back with', () => assert.equal(parseCookieWrite('=_ga=1', NOW).name, '_ga'));
