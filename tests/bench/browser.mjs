// Times the product's wasm beside libsodium.js in one page, and, where an address is given, the way from Enter to "stored".
//
//   node tests/bench/browser.mjs WASM_DIR [APP_URL]
//
// WASM_DIR holds the output of `wasm-bindgen --target web` for the crate `onionskin-bench`. Prints a JSON array of
// {name, value, unit}.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { chromium } from '@playwright/test';

const [wasmDir, appUrl] = process.argv.slice(2);
if (!wasmDir) throw new Error('usage: browser.mjs WASM_DIR [APP_URL]');

const PAGE = `<!doctype html><html lang="en"><title>bench</title><script type="importmap">
{"imports":{"libsodium-sumo":"/npm/libsodium-sumo/dist/modules-sumo-esm/libsodium-sumo.mjs",
"libsodium":"/npm/libsodium-wrappers-sumo/dist/modules-sumo-esm/libsodium-wrappers.mjs"}}</script></html>`;
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, 'http://x').pathname);
  try {
    if (path === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    const file = path.startsWith('/npm/') ? join('node_modules', path.slice(5)) : join(wasmDir, path);
    const body = await readFile(file);
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const browser = await chromium.launch({
  executablePath: process.env.ONIONSKIN_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const results = [];
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  results.push(...(await page.evaluate(primitives)));
  await page.close();
  if (appUrl) results.push(...(await conversation(browser, appUrl)));
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify(results, null, 2));

/** Runs in the page. The best of five rounds of each loop, ours and libsodium's taking turns. */
async function primitives() {
  const ours = await import('/onionskin_bench.js');
  const { memory } = await ours.default();
  const sodium = (await import('libsodium')).default;
  await sodium.ready;

  const nodes = [1, 2, 3, 4].map(() => sodium.crypto_box_keypair());
  const text = new TextEncoder();
  // The same work as `onion::build`: per layer a fresh key, the agreement, BLAKE2b over it, XChaCha20-Poly1305, hex and JSON.
  const sodiumOnion = () => {
    let inner = new Uint8Array(1024);
    let routing = '{"headers":""}';
    for (let layer = 3; layer >= 0; layer -= 1) {
      const json = text.encode(routing);
      const frame = new Uint8Array(4 + inner.length + json.length);
      new DataView(frame.buffer).setUint32(0, inner.length, true);
      frame.set(inner, 4);
      frame.set(json, 4 + inner.length);
      const own = sodium.crypto_box_keypair();
      const shared = sodium.crypto_scalarmult(own.privateKey, nodes[layer].publicKey);
      const material = new Uint8Array(96);
      material.set(shared);
      material.set(own.publicKey, 32);
      material.set(nodes[layer].publicKey, 64);
      const key = sodium.crypto_generichash(32, material);
      const nonce = sodium.randombytes_buf(24);
      const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(frame, null, null, nonce, key);
      inner = new Uint8Array(24 + sealed.length);
      inner.set(nonce);
      inner.set(sealed, 24);
      routing = `{"destination":"${sodium.to_hex(nodes[layer].publicKey)}","enc_type":"xchacha20","ephemeral_key":"${sodium.to_hex(own.publicKey)}"}`;
    }
    return inner.length;
  };

  const signer = sodium.crypto_sign_keypair();
  const readerEd = sodium.crypto_sign_keypair();
  const reader = {
    publicKey: sodium.crypto_sign_ed25519_pk_to_curve25519(readerEd.publicKey),
    privateKey: sodium.crypto_sign_ed25519_sk_to_curve25519(readerEd.privateKey),
  };
  const join = (...parts) => {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  };
  const padded = new Uint8Array(1120);
  const signature = sodium.crypto_sign_detached(join(padded, signer.publicKey, reader.publicKey), signer.privateKey);
  const sealed = sodium.crypto_box_seal(join(padded, signer.publicKey, signature), reader.publicKey);
  // The same work as `message::decode` without its protobuf layers: open, verify, convert the sender's key.
  const sodiumDecrypt = () => {
    const opened = sodium.crypto_box_seal_open(sealed, reader.publicKey, reader.privateKey);
    const body = opened.subarray(0, opened.length - 96);
    const from = opened.subarray(opened.length - 96, opened.length - 64);
    if (!sodium.crypto_sign_verify_detached(opened.subarray(opened.length - 64), join(body, from, reader.publicKey), from)) throw new Error('verify');
    return sodium.crypto_sign_ed25519_pk_to_curve25519(from).length;
  };

  const best = (work, times) => {
    let rate = 0;
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      work(times);
      rate = Math.max(rate, (times * 1000) / (performance.now() - start));
    }
    return rate;
  };
  const loop = (once) => (times) => {
    for (let n = 0; n < times; n += 1) once();
  };
  if (ours.decrypts(1) !== 1 || ours.onion_builds(1) === 0) throw new Error('the wasm under test does not work');
  const onion = best((times) => ours.onion_builds(times), 300);
  const onionSodium = best(loop(sodiumOnion), 300);
  const decrypt = best((times) => ours.decrypts(times), 1000);
  const decryptSodium = best(loop(sodiumDecrypt), 1000);
  const before = memory.buffer.byteLength;
  const begun = performance.now();
  const history = new ours.History(100_000);
  const build = performance.now() - begun;
  const grown = (memory.buffer.byteLength - before) / 1e6;
  let slowest = 0;
  for (const query of ['b', 'balise', 'SEDO', '"bakeli"', 'ba ke', 'nothing']) {
    const start = performance.now();
    const found = history.find(query);
    slowest = Math.max(slowest, performance.now() - start);
    if ((found === 0) !== (query === 'nothing')) throw new Error(`searching for ${query} finds ${found}`);
  }
  if (ours.config_merges(1) !== 1 || ours.config_parses(1) !== 1) throw new Error('configs do not merge');
  const merge = best((times) => ours.config_merges(times), 40);
  const parse = best((times) => ours.config_parses(times), 40);
  return [
    { name: 'wasm/search_100k_build', value: build, unit: 'ms' },
    { name: 'wasm/search_100k_slowest', value: slowest, unit: 'ms' },
    { name: 'wasm/search_100k_memory', value: grown, unit: 'MB' },
    { name: 'wasm/config_merge_500_contacts', value: merge, unit: '1/s' },
    { name: 'wasm/config_parse_1000_contacts', value: parse, unit: '1/s' },
    { name: 'wasm/onion_build_1kB', value: onion, unit: '1/s' },
    { name: 'libsodium.js/onion_build_1kB', value: onionSodium, unit: '1/s' },
    { name: 'ratio/onion_build_1kB', value: onion / onionSodium, unit: 'ours / libsodium.js' },
    { name: 'wasm/decrypt_1kB', value: decrypt, unit: '1/s' },
    { name: 'libsodium.js/decrypt_1kB', value: decryptSodium, unit: '1/s' },
    { name: 'ratio/decrypt_1kB', value: decrypt / decryptSodium, unit: 'ours / libsodium.js' },
  ];
}

/** A fresh browser: bytes until the first screen, and from Enter to "stored" for twenty notes to self. */
async function conversation(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  let transferred = 0;
  await client.send('Network.enable');
  client.on('Network.loadingFinished', (event) => {
    transferred += event.encodedDataLength;
  });
  const start = Date.now();
  await page.goto(url);
  await page.locator('[data-screen="w1"]').waitFor();
  const firstScreen = Date.now() - start;
  await page.waitForLoadState('networkidle');
  const firstBytes = transferred;
  await page.getByTestId('w1.create').click();
  await page.getByTestId('w2.keep-temporary').check();
  await page.getByTestId('w2.start').click();
  await page.locator('[data-net="connected"]').first().waitFor({ timeout: 60_000 });
  await page.evaluate(() => { location.hash = '#/new'; });
  const id = (await page.getByTestId('n1.my-id').textContent()).replace(/\s+/g, '');
  await page.getByTestId('n1.input').fill(id);
  await page.getByTestId('n1.message').click();
  const times = [];
  for (let n = 0; n < 20; n += 1) {
    const composer = page.getByTestId('v1.composer');
    await composer.fill(`note ${n}`);
    const sent = Date.now();
    await composer.press('Enter');
    await page.locator(`[data-testid="v1.message"][data-delivery="stored"], [data-testid="v1.message"][data-delivery="synced"]`).filter({ hasText: `note ${n}` }).filter({ hasNotText: `note ${n}0` }).first().waitFor();
    times.push(Date.now() - sent);
  }
  await context.close();
  times.sort((a, b) => a - b);
  return [
    { name: 'app/first_screen', value: firstScreen, unit: 'ms' },
    { name: 'app/first_screen_transfer', value: firstBytes, unit: 'bytes' },
    { name: 'app/enter_to_stored_median', value: times[10], unit: 'ms' },
    { name: 'app/enter_to_stored_p95', value: times[18], unit: 'ms' },
  ];
}
