import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Choice } from '../src/choice';
import { formatChoice, parseChoice, savedChoice } from '../src/saved-choice';
import { DAY, jar, store } from './builders';

const NOW = Date.UTC(2026, 10, 22, 10, 15);
const ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const CHOICE: Choice = { purposes: { audience: true, social: false }, services: { youtube: true }, version: 17, id: ID, time: new Date(NOW).toISOString() };
const parse = (value: unknown) => parseChoice(encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value)), NOW);

test('what is written is read again', () => {
  const read = parseChoice(formatChoice(CHOICE), NOW)!;
  assert.deepEqual({ ...read, purposes: { ...read.purposes }, services: { ...read.services } }, CHOICE);
});
test('anything wrong is no choice', () => {
  const plain = { purposes: { audience: true }, version: 17, id: ID, time: CHOICE.time };
  assert.ok(parse(plain));
  for (const wrong of [
    '', 'null', '1', '[]', '"x"', '{', { ...plain, purposes: null }, { ...plain, purposes: [] }, { ...plain, purposes: { audience: 1 } },
    { ...plain, purposes: { 'AUDIENCE ': true } }, '{"purposes":{"__proto__":true},"version":1,"id":"' + ID + '","time":"' + CHOICE.time + '"}',
    { ...plain, services: 'youtube' }, { ...plain, services: { 'a b': true } }, { ...plain, version: '17' }, { ...plain, version: 0 },
    { ...plain, version: 1.5 }, { ...plain, id: 'x' }, { ...plain, id: 7 }, { ...plain, time: '2026-11-22' }, { ...plain, time: 17 },
    { ...plain, time: new Date(NOW + 2 * DAY).toISOString() }, { ...plain, time: '2026-13-45T10:15:00.000Z' },
    { ...plain, purposes: Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['p' + i, true])) },
  ]) assert.equal(parse(wrong), null, JSON.stringify(wrong));
  assert.equal(parseChoice('%E0%A4%A', NOW), null);
  assert.equal(parseChoice('%7B', NOW), null);
});

const setting = (at = NOW, cookies = jar(), kept = store()) => ({ cookies, kept, saved: savedChoice(cookies, kept, 'P6M', true, () => at) });

test('the cookie lives six calendar months from the answer, for a no as for a yes', () => {
  const { cookies, saved } = setting();
  saved.write(CHOICE);
  const seconds = (Date.UTC(2027, 4, 22, 10, 15) - NOW) / 1000;
  assert.ok(cookies.written[0]!.endsWith('; Path=/; SameSite=Lax; Secure; Max-Age=' + seconds));
});
test('it never lives longer than 393 days, whatever the site asks', () => {
  const cookies = jar();
  savedChoice(cookies, store(), 'P5Y', false, () => NOW).write(CHOICE);
  assert.ok(cookies.written[0]!.endsWith('; SameSite=Lax; Max-Age=33955200'));
});
test('written again later it does not live longer', () => {
  const { cookies, saved } = setting(NOW + 30 * DAY);
  saved.write(CHOICE);
  assert.ok(cookies.written[0]!.endsWith('; Max-Age=' + (Date.UTC(2027, 4, 22, 10, 15) - NOW - 30 * DAY) / 1000));
});
test('a choice runs out by the calendar', () => {
  const { cookies, kept, saved } = setting();
  saved.write(CHOICE);
  assert.equal(setting(Date.UTC(2027, 4, 22, 10, 14), cookies, kept).saved.read().state, 'valid');
  assert.deepEqual(setting(Date.UTC(2027, 4, 22, 10, 15), cookies, kept).saved.read(), { state: 'expired', id: ID });
});
test('the mirror tells of the end once the cookie is gone, and grants nothing', () => {
  const { kept, saved } = setting();
  saved.write(CHOICE);
  assert.deepEqual(setting(NOW + 1, jar(), kept).saved.read(), { state: 'none' });
  assert.deepEqual(setting(NOW + 300 * DAY, jar(), kept).saved.read(), { state: 'expired', id: ID });
});
test('once forgotten nothing is left to expire', () => {
  const { cookies, kept, saved } = setting();
  saved.write(CHOICE);
  saved.forget();
  assert.deepEqual(setting(NOW + 300 * DAY, cookies, kept).saved.read(), { state: 'none' });
});

test('the guard on the site’s own server reads the same choices', () => {
  const vectors = JSON.parse(readFileSync('../tests/vectors/saved_choices.json', 'utf8'));
  assert.ok(vectors.length > 50);
  for (const { desc, cookie, now, lifetime, state, choice } of vectors) {
    const saved = savedChoice({ read: () => cookie, write() {} } as any, store(), lifetime, true, () => Date.parse(now)).read();
    assert.equal(saved.state, state, desc);
    if (saved.state === 'valid') assert.deepEqual(JSON.parse(JSON.stringify(saved.choice)), choice, desc);
  }
});
