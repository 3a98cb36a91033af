// Builds the app into dist/: `node web/build.mjs [--quick]`, through `cargo xtask build`.
//
// One wasm program holds the page and the worker. It is cut into parts along the functions of src/bin/app.rs that
// `wasm_split` marks: what several parts share goes into parts of its own, and a browser fetches each when it is needed.
// Every file but index.html, the worker's loader and the copies of public/ (init.js, boot.css, sw.js) carries a hash of its content
// in its name, and the page names the hash of each script and wasm file, which the browser checks (50-browser 9).
//
// --quick leaves out optimisation and compression: good enough to look at screens.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { countries, land } from '../world/build.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const TRIPLE = 'wasm32-unknown-unknown';
const quick = process.argv.includes('--quick');
/** What the compiler and wasm-bindgen use; the oldest supported browsers have all of it. */
const FEATURES = ['bulk-memory', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];
/** Already compressed. */
const DENSE = new Set(['.png', '.jpg', '.jpeg', '.webp', '.ico', '.woff2']);

mkdirSync(TARGET, { recursive: true });
const work = mkdtempSync(join(TARGET, 'web-'));
const out = join(work, 'dist');
try {
  mkdirSync(out);
  cpSync(join(ROOT, 'public'), out, { recursive: true });
  mkdirSync(join(out, 'world'));
  writeFileSync(join(out, 'world/countries.bin'), countries());
  writeFileSync(join(out, 'world/land.txt'), land());
  cpSync(join(ROOT, 'world/LICENSE'), join(out, 'world/LICENSE'));
  page(program());
  if (!quick) await compress(out);
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  renameSync(out, join(ROOT, 'dist'));
} finally {
  rmSync(work, { recursive: true, force: true });
}

function run(name, ...args) {
  execFileSync(name, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Compiles, cuts, binds and names. Gives the URLs of what the first screen needs. */
function program() {
  // The cutter reads the linker's notes about what refers to what.
  const profile = quick ? [] : ['--release'];
  run('cargo', 'rustc', '--quiet', '-p', 'onionskin', '--bin', 'app', '--target', TRIPLE, ...profile, '--', '-Clink-args=--emit-relocs');
  const parts = join(work, 'parts');
  const bound = join(work, 'bound');
  mkdirSync(parts);
  run('wasm-split-cli', join(TARGET, TRIPLE, quick ? 'debug' : 'release', 'app.wasm'), parts, '--out-name', 'app');
  run('wasm-bindgen', join(parts, 'app.wasm'), '--out-dir', bound, '--target', 'web', '--no-typescript', '--keep-lld-exports', '--out-name', 'app');
  renameSync(join(bound, 'app_bg.wasm'), join(parts, 'app.wasm'));

  const names = new Map();
  for (const file of readdirSync(parts).filter((name) => name.endsWith('.wasm'))) {
    const path = join(parts, file);
    if (!quick) {
      const optimise = join(ROOT, 'node_modules/.bin/wasm-opt');
      run(optimise, '-Oz', '--strip-debug', '--strip-producers', ...FEATURES.map((name) => `--enable-${name}`), path, '-o', path);
    }
    names.set(file, place(file.replace(/^split_/, ''), readFileSync(path)));
  }

  // The two scripts name each other, so one hash over both names both.
  const linked = (name) => `new URL("./${names.get(name).url.slice(1)}", import.meta.url), { integrity: "${names.get(name).integrity}" }`;
  let binding = readFileSync(join(bound, 'app.js'), 'utf8');
  let loading = readFileSync(join(parts, '__wasm_split.js'), 'utf8');
  const needs = needed(loading);
  loading = loading.replace(/new URL\("\.\/([a-z_0-9]+\.wasm)", import\.meta\.url\)/g, (_, name) => linked(name));
  const hash = digest('sha256', 'hex', binding, loading, names.get('app.wasm').integrity).slice(0, 16);
  // Only where they are imported: wasm knows its imports by the first names.
  const rename = (text, from, to) => {
    const renamed = text.replaceAll(`from "./${from}.js"`, `from "./${to}-${hash}.js"`).replaceAll(`from './${from}.js'`, `from './${to}-${hash}.js'`);
    if (renamed === text) throw new Error(`no import of ./${from}.js`);
    return renamed;
  };
  binding = rename(binding, '__wasm_split', 'parts');
  loading = rename(loading, 'app', 'app');
  const scripts = [save(`app-${hash}.js`, binding), save(`parts-${hash}.js`, loading)];
  const main = names.get('app.wasm');
  // No hash in its name: a worker is started by a name that never changes (50-browser 5).
  save(
    'worker_loader.js',
    `import start, { run } from ".${scripts[0].url}";\n` +
      `await start({ module_or_path: fetch("${main.url}", { integrity: "${main.integrity}" }) });\n` +
      'await run();\n',
  );
  return { script: scripts[0], scripts, main, first: needs.page.map((name) => names.get(name)) };
}

/** Which files each part needs, itself included. */
function needed(loading) {
  const chunks = new Map();
  const parts = {};
  const entry = /const (__[a-z_0-9]+) = (wrapAsyncCb\()?makeLoad\(\(\) => \{\s*const src = fetch\(new URL\("\.\/([a-z_0-9]+\.wasm)"[\s\S]*?\n, \[([^\]]*)\]\)/g;
  for (const [, name, isPart, file, list] of loading.matchAll(entry)) {
    const files = [...list.split(',').map((one) => one.trim()).filter(Boolean).flatMap((one) => chunks.get(one)), file];
    if (isPart) parts[name.replace('__wasm_split_load_', '')] = files;
    else chunks.set(name, files);
  }
  if (!parts.page) throw new Error('the cutter names no part "page": its script has another form than expected');
  return parts;
}

/** index.html with the styles in one file and the names of the program. */
function page({ script, scripts, main, first }) {
  const html = readFileSync(join(ROOT, 'index.html'), 'utf8');
  const sheet = /<link data-build rel="stylesheet" href="([^"]+)">\n/g;
  const sheets = [...html.matchAll(sheet)].map(([, path]) => readFileSync(join(ROOT, path)));
  const style = place('app.css', Buffer.concat(sheets));
  const preload = (file) => `<link rel="preload" as="fetch" type="application/wasm" crossorigin="anonymous" href="${file.url}" integrity="${file.integrity}">`;
  const head = [
    `<link rel="stylesheet" href="${style.url}" integrity="${style.integrity}">`,
    ...scripts.map((file) => `<link rel="modulepreload" crossorigin="anonymous" href="${file.url}" integrity="${file.integrity}">`),
    ...[main, ...first].map(preload),
    `<script type="module" src="/init.js" data-js="${script.url}" data-wasm="${main.url}" data-integrity="${main.integrity}"></script>`,
    '',
  ].join('\n');
  save('index.html', html.replace(sheet, '').replace('</head>', `${head}</head>`));
}

/** Stores a file under a name with its hash. */
function place(name, content) {
  const dot = name.lastIndexOf('.');
  return save(`${name.slice(0, dot)}-${digest('sha256', 'hex', content).slice(0, 16)}${name.slice(dot)}`, content);
}

function save(name, content) {
  writeFileSync(join(out, name), content);
  return { url: `/${name}`, integrity: `sha384-${digest('sha384', 'base64', content)}` };
}

function digest(algorithm, encoding, ...contents) {
  const hash = createHash(algorithm);
  for (const content of contents) hash.update(content);
  return hash.digest(encoding);
}

/** A .br and a .gz beside every file that gains by it. */
async function compress(folder) {
  const files = readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !DENSE.has(extname(path)));
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  await Promise.all(
    files.map(async (path) => {
      const content = readFileSync(path);
      const hint = { ...params, [constants.BROTLI_PARAM_SIZE_HINT]: content.length, [constants.BROTLI_PARAM_LGWIN]: 24 };
      writeFileSync(`${path}.br`, await promisify(brotliCompress)(content, { params: hint }));
      writeFileSync(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
    }),
  );
}
