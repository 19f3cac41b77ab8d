import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../src/rules';
import { configuration, service, tracker } from './builders';

const ids = (found: { id: string }[]) => found.map((one) => one.id);
const rules = compile(
  configuration([
    service('wide', 'audience', { url_patterns: ['*.example.com/*'], trackers: [tracker('_g*', 'audience')] }),
    service('exact', 'social', { url_patterns: ['www.example.com/*', 'cdn.other.net/path/*'], trackers: [tracker('_ga', 'social'), tracker('far', 'social', { domain: 'example.org' })] }),
    service('longer', null, { url_patterns: ['cdn.other.net/path/deep/*'] }),
    service('twin', 'audience', { url_patterns: ['cdn.other.net/path/*'] }),
  ], { known_trackers: ['_fbp', '_hj*'] }),
);

test('the most specific URL pattern wins, equals come together', () => {
  assert.deepEqual(ids(rules.services(new URL('https://www.example.com/x'))), ['exact']);
  assert.deepEqual(ids(rules.services(new URL('https://a.b.example.com/x'))), ['wide']);
  assert.deepEqual(ids(rules.services(new URL('https://cdn.other.net./path/deep/x'))), ['longer']);
  assert.deepEqual(ids(rules.services(new URL('https://cdn.other.net:8443/path/x'))), ['exact', 'twin']);
  assert.deepEqual(rules.services(new URL('https://innocent.example/')), []);
  assert.deepEqual(rules.services(new URL('data:text/plain,www.example.com/')), []);
});
test('the most specific name wins, and the domain counts', () => {
  const owner = (name: string, host = 'www.site.fr') => rules.trackers('cookie', name, host).map((one) => one.service.id);
  assert.deepEqual(owner('_ga'), ['exact']);
  assert.deepEqual(owner('_gid'), ['wide']);
  assert.deepEqual(owner('far'), []);
  assert.deepEqual(owner('far', 'shop.example.org'), ['exact']);
  assert.deepEqual(rules.trackers('local_storage', '_ga', 'www.site.fr'), []);
});
test('names the library knows', () => assert.deepEqual(['_fbp', '_hjid', 'fbp'].map(rules.known), [true, true, false]));
test('markup is only looked at when it names a ruled host', () => {
  assert.equal(rules.mentions('<img src="//WWW.Example.com/x">'), true);
  assert.equal(rules.mentions('<img src="/x.gif">'), false);
});
