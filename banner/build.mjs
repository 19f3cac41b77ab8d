// Builds the one script every site is served: src/main.ts → ../static/banner.js, the same bytes on every machine.
//
//   node build.mjs           writes the file and prints what it weighs
//   node build.mjs --check   builds in memory and compares with the committed file
//   node build.mjs --test    bundles test/*.test.ts outside the repository and runs them with node --test
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { minify } from 'terser';
import { INTERNAL_NAMES } from './internal-names.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUTPUT = join(HERE, '../static/banner.js');
const BUDGET = 24_576; // bytes, brotli -11: what a visitor waits for before the page's first script may run

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

const common = { absWorkingDir: HERE, bundle: true, charset: 'utf8', legalComments: 'none', target: 'es2021', plugins: [cssAsText], logLevel: 'warning' };

// A shortened name that the server's data use as well would no longer be found in them.
function checkInternalNames() {
  const shape = readFileSync(join(HERE, 'src/configuration.ts'), 'utf8').matchAll(/(\w+)\??:/g);
  const placeholders = readFileSync(join(HERE, '../consent_server/library/texts/en.json'), 'utf8').matchAll(/\{(\w+)\}/g);
  for (const [, name] of [...shape, ...placeholders]) if (INTERNAL_NAMES.includes(name)) fail(`internal-names.mjs: ${name} is a name of the server's, too.`);
}

async function bundle() {
  checkInternalNames();
  const { outputFiles } = await build({
    ...common,
    entryPoints: ['src/main.ts'],
    format: 'iife',
    platform: 'browser',
    write: false,
  });
  // esbuild puts the modules together; terser folds them better than esbuild's own minifier does.
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2020,
    toplevel: true,
    compress: { ecma: 2020, passes: 4, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false },
    mangle: { properties: { builtins: true, keep_quoted: true, regex: RegExp(`^(${INTERNAL_NAMES.join('|')})$`) } },
  });
  return Buffer.from(code);
}

function weigh(bytes) {
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
  console.log(`banner.js: ${bytes.length} bytes raw, ${gzipSync(bytes, { level: 9 }).length} gzip, ${brotli} brotli (budget ${BUDGET})`);
  if (brotli > BUDGET) fail(`banner.js weighs ${brotli} bytes in brotli, ${brotli - BUDGET} above its budget of ${BUDGET}.`);
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function check(bytes) {
  if (!existsSync(OUTPUT) || !readFileSync(OUTPUT).equals(bytes)) fail('static/banner.js is not what banner/src builds; run `npm run build` in banner/ and commit the result.');
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
  const bytes = await bundle();
  if (process.argv[2] === '--check') check(bytes);
  else writeFileSync(OUTPUT, bytes);
  weigh(bytes);
}
