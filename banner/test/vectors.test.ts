// The vectors that the server's tests read too, so that the two cannot drift apart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CAP_SECONDS, endOf, nominalSeconds, parseLifetime } from '../src/lifetime';
import { matchesName } from '../src/name-pattern';
import { matchesUrl, parseUrlPattern } from '../src/url-pattern';

const vectors = (name: string) => JSON.parse(readFileSync(`${process.cwd()}/../tests/vectors/${name}.json`, 'utf8'));

test('names match as the vectors say', () => {
  for (const { desc, pattern, name, matches } of vectors('name_patterns')) assert.equal(matchesName(pattern, name), matches, desc);
});

test('URLs match as the vectors say', () => {
  for (const { desc, pattern, url, matches } of vectors('url_patterns')) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    assert.equal(!!parsed && matchesUrl(parseUrlPattern(pattern), parsed), matches, desc);
  }
});

test('lifetimes are read as the vectors say', () => {
  for (const { desc, text, seconds, error } of vectors('lifetimes')) {
    const lifetime = parseLifetime(text);
    if (error) assert.equal(lifetime, null, desc);
    else assert.equal(Math.min(nominalSeconds(lifetime!), CAP_SECONDS), seconds, desc);
  }
});

test('393 days never exceed thirteen calendar months', () => {
  for (let start = Date.UTC(2020, 0, 1); start < Date.UTC(2060, 0, 1); start += 86400e3) {
    assert.equal(endOf(start, 'P13M'), start + CAP_SECONDS * 1000);
  }
});

test('six months are calendar months, clamped to the end of the month', () => {
  assert.equal(endOf(Date.UTC(2026, 7, 31), 'P6M'), Date.UTC(2027, 1, 28));
  assert.equal(endOf(Date.UTC(2026, 10, 22, 10, 15), 'P6M'), Date.UTC(2027, 4, 22, 10, 15));
});
