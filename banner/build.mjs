// Builds what every site is served, src/main.ts → ../static/banner.js, and what only some are: each family of FAMILIES,
// src/<family>/index.ts → ../static/parts/<family>.js, and its members, src/<family>/<a-name>.ts →
// ../static/parts/<family>/<a_name>.js, every part one expression. The same bytes on every machine.
//
//   node build.mjs           writes the files and prints what they weigh
//   node build.mjs --check   builds in memory and compares with the committed files
//   node build.mjs --test    bundles test/*.test.ts outside the repository and runs them with node --test
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { minify } from 'terser';
import { INTERNAL_NAMES } from './internal-names.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const STATIC = join(HERE, '../static');
const CORE = 'banner.js';
const FAMILIES = ['importers', 'signals'];
const BUDGET = 27_264; // bytes, brotli -11: what a visitor waits for before the page's first script may run

// `import css from './style.css'` gives the minified text; the view hands it to a constructable stylesheet.
const cssAsText = {
  name: 'css-as-text',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true, target: ['chrome100', 'firefox100', 'safari15.4'] });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

// The language's own words that stand on no prototype, as words.ts took them before the page.
function takenWords() {
  const taken = {};
  for (const [, names, owner] of readFileSync(join(HERE, 'src/words.ts'), 'utf8').matchAll(/\{([^}]*)\} = (\w+)/g)) {
    for (const [, name, ours] of names.matchAll(/(\w+): (\$\w+)/g)) taken[owner === 'globalThis' ? name : `${owner}.${name}`] = ours;
  }
  return { define: taken, inject: ['src/words.ts'] };
}

const common = { absWorkingDir: HERE, bundle: true, charset: 'utf8', legalComments: 'none', target: 'es2021', plugins: [cssAsText], logLevel: 'warning' };

// terser writes into its options: each call is given its own.
const minified = (more = {}) => ({ ecma: 2020, compress: { ecma: 2020, passes: 4, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false }, ...more });

// A shortened name that the server's data or a part use as well would no longer be found in them.
function checkInternalNames() {
  const shapes = ['configuration', 'parts'].flatMap((name) => [...readFileSync(join(HERE, `src/${name}.ts`), 'utf8').matchAll(/^ +(?:readonly )?(\w+)\??[:(]/gm)]);
  const placeholders = readFileSync(join(HERE, '../consent_server/library/texts/en.json'), 'utf8').matchAll(/\{(\w+)\}/g);
  for (const [, name] of [...shapes, ...placeholders]) if (INTERNAL_NAMES.includes(name)) fail(`internal-names.mjs: ${name} is a name that others use, too.`);
}

// esbuild puts the modules together; terser folds them better than esbuild's own minifier does.
async function core() {
  checkInternalNames();
  const { outputFiles } = await build({ ...common, ...takenWords(), entryPoints: ['src/main.ts'], format: 'iife', platform: 'browser', write: false });
  const { code } = await minify(outputFiles[0].text, minified({
    toplevel: true,
    mangle: { properties: { builtins: true, keep_quoted: true, regex: RegExp(`^(${INTERNAL_NAMES.join('|')})$`) } },
  }));
  return code;
}

// What the module exports by default, as an expression: it is put together with others, in front of the core. No member is
// shortened, because the core and the parts do not see each other here.
async function part(entry) {
  const stdin = { contents: `import part from './${entry}'; $give(part);`, resolveDir: HERE };
  const { outputFiles } = await build({ ...common, stdin, format: 'esm', platform: 'browser', write: false });
  const given = outputFiles[0].text.replace(/\$give\((\w+)\);\s*$/, 'return $1;');
  const { code } = await minify(`const $part=(()=>{${given}})();`, minified());
  const [, expression] = /^const \$part=(.+);$/s.exec(code) ?? fail(`${entry} is not one expression: ${code}`);
  return expression;
}

async function outputs() {
  const files = new Map([[CORE, await core()]]);
  for (const family of FAMILIES) {
    files.set(`parts/${family}.js`, await part(`src/${family}/index.ts`));
    for (const name of readdirSync(join(HERE, 'src', family)).sort()) {
      if (name !== 'index.ts') files.set(`parts/${family}/${name.replace(/\.ts$/, '').replaceAll('-', '_')}.js`, await part(`src/${family}/${name}`));
    }
  }
  return files;
}

const brotli = (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(text) } }).length;

// A part's weight is what it adds to the core; a visitor never waits for more than everything at once, but for importers:
// a site has had one other platform.
function weigh(files) {
  const importers = [...files].filter(([name]) => name.startsWith('parts/importers/')).map(([, text]) => text);
  const longest = importers.reduce((one, other) => (other.length > one.length ? other : one), '');
  const all = [...files.values()].filter((text) => text === longest || !importers.includes(text)).join('\n');
  const alone = brotli(files.get(CORE));
  console.log(`${CORE}: ${Buffer.byteLength(files.get(CORE))} bytes raw, ${gzipSync(files.get(CORE), { level: 9 }).length} gzip, ${alone} brotli`);
  for (const [name, text] of files) if (name !== CORE) console.log(`${name}: ${Buffer.byteLength(text)} bytes raw, +${brotli(text + '\n' + files.get(CORE)) - alone} brotli`);
  console.log(`all of it: ${Buffer.byteLength(all)} bytes raw, ${brotli(all)} brotli (budget ${BUDGET})`);
  if (brotli(all) > BUDGET) fail(`All of it weighs ${brotli(all)} bytes in brotli, ${brotli(all) - BUDGET} above its budget of ${BUDGET}.`);
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const committed = () =>
  existsSync(join(STATIC, 'parts')) ? readdirSync(join(STATIC, 'parts'), { recursive: true }).filter((name) => name.endsWith('.js')).map((name) => `parts/${name}`) : [];

function check(files) {
  const isSame = ([name, text]) => existsSync(join(STATIC, name)) && readFileSync(join(STATIC, name), 'utf8') === text;
  const wrong = [...[...files].filter((file) => !isSame(file)).map(([name]) => name), ...committed().filter((name) => !files.has(name))];
  if (wrong.length) fail(`static/ is not what banner/src builds (${wrong.join(', ')}); run \`npm run build\` in banner/ and commit the result.`);
}

function write(files) {
  rmSync(join(STATIC, 'parts'), { recursive: true, force: true });
  for (const [name, text] of files) {
    mkdirSync(dirname(join(STATIC, name)), { recursive: true });
    writeFileSync(join(STATIC, name), text);
  }
}

async function test() {
  const tests = readdirSync(join(HERE, 'test'), { recursive: true }).filter((name) => name.endsWith('.test.ts'));
  if (!tests.length) return console.log('no tests in banner/test');
  const folder = mkdtempSync(join(tmpdir(), 'banner-test-'));
  try {
    await build({ ...common, entryPoints: tests.map((name) => join('test', name)), outdir: folder, outExtension: { '.js': '.mjs' }, format: 'esm', platform: 'node', target: 'node20', sourcemap: 'inline' });
    const built = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.test.mjs')).map((name) => join(folder, name));
    process.exitCode = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...built], { cwd: HERE, stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === '--test') {
  await test();
} else {
  const files = await outputs();
  if (process.argv[2] === '--check') check(files);
  else write(files);
  weigh(files);
}
