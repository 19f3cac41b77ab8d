import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARK, restyle, urlsIn } from '../src/asked';

const T = 'https://t.example/x';
const refused = (url: string): boolean => /^(https?:)?\/\/t\.example\//.test(url);
const marked = (css: string): string => restyle(css, refused);
const asked = (tag: string, attribute: string, value: string, others: Record<string, string> = {}): string[] =>
  urlsIn(tag, attribute, value, (name) => others[name] ?? null);

test('a list of images is every one of them', () => {
  for (const list of ['a.png 1x,//t.example/b 2x', 'a.png, //t.example/b', ' //t.example/b']) {
    assert.ok(asked('img', 'srcset', list).includes('//t.example/b'), list);
  }
  assert.deepEqual(asked('a', 'ping', '/own //t.example/p'), ['/own', '//t.example/p']);
});
test('a link is looked at when it loads something, or may come to', () => {
  for (const rel of ['stylesheet', 'preload', 'dns-prefetch', 'preconnect', 'modulepreload', 'prerender', 'shortcut icon', 'manifest', '']) {
    assert.deepEqual(asked('link', 'href', T, rel ? { rel } : {}), [T], rel);
  }
  for (const rel of ['canonical', 'me', 'alternate', 'next', 'prev', 'license']) assert.deepEqual(asked('link', 'href', T, { rel }), [], rel);
});
test('a refresh leads where it says', () => {
  for (const content of ['0;url=' + T, '5; URL = "' + T + '"', "0.5,url='" + T + "' and more", '0;' + T]) {
    assert.deepEqual(asked('meta', 'content', content, { 'http-equiv': 'Refresh' }), [T], content);
  }
  assert.deepEqual(asked('meta', 'content', T, { name: 'og:url' }), []);
});
test('a refused address is marked in a style, and nothing else', () => {
  const own = "/* don't */ a { background: url(/own.png) no-repeat; content: 'x' } /* can't */";
  assert.equal(marked(own), own);
  for (const [open, close] of [['url(', ')'], ['url( ', ' )'], ['URL("', '")'], ["url('", "')"], ['@import "', '";'], ["image-set('", "' 1x)"]] as const) {
    const css = own + 'b{x:' + open + T + close + '}' + own;
    assert.equal(marked(css), own + 'b{x:' + open + MARK + T + close + '}' + own);
  }
});
test('an address may be hidden behind escapes', () => {
  assert.equal(marked('a{b:url(https://\\74 .example/x)}'), 'a{b:url(' + MARK + 'https://\\74 .example/x)}');
  assert.equal(marked('@import "https:\\/\\/t.example/x"'), '@import "' + MARK + 'https:\\/\\/t.example/x"');
});
test('marking twice is marking once, and a yes takes the marks away', () => {
  const css = '@import "' + T + '"; a{background:url(' + T + '),url(//o.example/y)}';
  assert.equal(marked(marked(css)), marked(css));
  assert.equal(restyle(marked(css), () => false), css);
});
test('no style takes long to read', () => {
  for (const css of ["'".repeat(1e5), 'url('.repeat(3e4), '/*'.repeat(5e4), '\\'.repeat(1e5), '"\\"'.repeat(3e4)]) {
    const start = performance.now();
    marked(css);
    assert.ok(performance.now() - start < 1000, css.slice(0, 4));
  }
});
