// A conversation of many messages in Chromium: how long they take to arrive, to open, to scroll and to search, and what the
// tab needs for it.
//
//   node tests/bench/conversation.mjs APP_URL CONTROL_URL HISTORY COUNT
//
// HISTORY is the program `tests/bench/examples/history.rs`. Its messages are put into the swarm of the account through the
// control interface of the test network and come to the app like any others. Prints a JSON array of {name, value, unit}.
//
// Memory is the private memory of the renderer process, which holds page and worker: what the browser's task manager shows. It
// is read after the garbage of page and worker was collected, and when no debugger is attached any more, since one keeps a copy of
// every answer in that process.
// Times of the page end with the frame that shows the result.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from '@playwright/test';

const [appUrl, control, history, amount] = process.argv.slice(2);
if (!amount) throw new Error('usage: conversation.mjs APP_URL CONTROL_URL HISTORY COUNT');
const COUNT = Number(amount);
// Each ten-thousandth has the rare word, and two of these are needed.
if (!(COUNT >= 20_000)) throw new Error('a conversation of at least 20,000 messages');
/** Messages per request to the control interface. */
const BATCH = 5_000;
const RARE = 'nadel';
const QUERIES = [RARE, 'ba', 'balise', 'SEDO', 'ba ke', 'nowhere'];
const OPENINGS = 9;
const SCROLL_MS = 15_000;
/** An answer of more bytes than this brings old messages; when none has come for so long (ms), all members were asked. */
const LARGE = 100_000;
const QUIET_MS = 15_000;

const log = (text) => console.error(`[conversation] ${text}`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const figures = [];
const figure = (name, value, unit, limit) => {
  figures.push({ name: `app/history_${name}`, value: Math.round(value * 10) / 10, unit: limit ? `${unit} (at most ${limit})` : unit });
  log(`${name}: ${value.toFixed(1)} ${unit}${limit && value > limit ? `, more than ${limit}` : ''}`);
};

const phrase = await fill();
const profile = mkdtempSync(join(tmpdir(), 'onionskin-conversation-'));
try {
  await inChromium('arrival_memory', undefined, arrival);
  await inChromium('memory', 150, async (page) => {
    await page.goto(appUrl);
    await opening(page);
    await scrolling(page);
    await searching(page);
    await finding(page);
  });
} finally {
  // The last of Chromium's processes may still be writing.
  rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
}
console.log(JSON.stringify(figures, null, 2));

/** Does something in a Chromium of its own, and says what the tab needs afterwards. */
async function inChromium(name, limit, work) {
  const child = spawn(
    process.env.ONIONSKIN_CHROMIUM ?? '/usr/bin/chromium',
    [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--window-size=1280,800', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise((done) => child.once('exit', done));
  try {
    const address = await new Promise((found, failed) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        const address = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
        if (address) found(address);
      });
      child.once('exit', (code) => failed(new Error(`Chromium ended with ${code}`)));
    });
    const browser = await chromium.connectOverCDP(address);
    const [context] = browser.contexts();
    context.setDefaultTimeout(120_000);
    await context.addInitScript(watch);
    const page = context.pages()[0];
    await page.setViewportSize({ width: 1280, height: 800 });
    await work(page);
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter((one) => one.type === 'renderer');
    const most = () => Math.max(...renderers.map((one) => memory(one.id)));
    // What the browser would free when it needs the room.
    figure(`${name}_with_garbage`, most(), 'MB');
    await collectGarbage(await page.context().newCDPSession(page));
    await browser.close();
    await new Promise((done) => setTimeout(done, 5_000));
    figure(name, most(), 'MB', limit);
  } finally {
    child.kill();
    await ended;
  }
}

/** Puts the messages into the swarm. */
async function fill() {
  const child = spawn(history, [String(COUNT)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let account;
  let phrase;
  let stored = 0;
  let batch = [];
  const put = async () => {
    const reply = await fetch(`${control}/messages`, { method: 'POST', body: JSON.stringify({ account, data: batch, namespace: 0 }) });
    if (!reply.ok) throw new Error(await reply.text());
    stored += (await reply.json()).stored;
    batch = [];
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('account ')) account = line.slice(8);
    else if (line.startsWith('phrase ')) phrase = line.slice(7);
    else batch.push(line);
    if (batch.length === BATCH) await put();
  }
  if (batch.length > 0) await put();
  if (stored !== COUNT) throw new Error(`the swarm took ${stored} of ${COUNT} messages`);
  log(`${stored} messages lie in the swarm`);
  return phrase;
}

/** Runs in the page before anything else: notes long tasks and the most rows that were mounted at a time. */
function watch() {
  window.bench = { tasks: [], rows: 0 };
  new PerformanceObserver((list) => window.bench.tasks.push(...list.getEntries().map((task) => task.duration))).observe({ type: 'longtask' });
  const count = () => {
    window.bench.rows = Math.max(window.bench.rows, document.querySelectorAll('[data-message]').length);
  };
  document.addEventListener('DOMContentLoaded', () => new MutationObserver(count).observe(document.body, { childList: true, subtree: true }));
  /** The time from the next event of a kind until the frame in which `done` holds. */
  window.bench.until = (kind, done) =>
    new Promise((resolve) => {
      let start = 0;
      addEventListener(kind, () => (start = performance.now()), { capture: true, once: true });
      const look = () => {
        if (start > 0 && done()) {
          // The next task comes after the frame was painted.
          const channel = new MessageChannel();
          channel.port1.onmessage = () => resolve(performance.now() - start);
          channel.port2.postMessage(0);
        } else {
          requestAnimationFrame(look);
        }
      };
      requestAnimationFrame(look);
    });
}

async function longest(page, phase) {
  // Entries come a moment after their task.
  await page.waitForTimeout(300);
  const worst = await page.evaluate(() => Math.max(0, ...window.bench.tasks.splice(0)));
  if (phase) figure(`${phase}_longest_task`, worst, 'ms', 50);
}

/** Restores the account and waits for the newest message. */
async function arrival(page) {
  await page.goto(appUrl);
  await page.getByTestId('w1.restore').click();
  await page.getByTestId('w3.paste').fill(phrase);
  await page.getByTestId('w3.continue').click();
  await page.getByTestId('w3.keep-device').check();
  await page.getByTestId('w3.protect-none').check();
  await page.getByTestId('w3.accept-none').check();
  const start = Date.now();
  let busy = start;
  page.context().on('response', async (response) => {
    const length = Number(await response.headerValue('content-length').catch(() => 0));
    if (length > LARGE) busy = Date.now();
  });
  await page.getByTestId('w3.start').click();
  await page.locator('[data-screen="c1"]').waitFor();
  const held = async () => {
    const reply = await page.evaluate(async () => {
      let count = 0;
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((done) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => done(request.result);
        });
        if (database.objectStoreNames.contains('4')) {
          const request = database.transaction('4').objectStore('4').count();
          await new Promise((done) => (request.onsuccess = done));
          count += request.result;
        }
        database.close();
      }
      return count;
    });
    return reply;
  };
  let before = 0;
  for (;;) {
    await page.waitForTimeout(2_000);
    const now = await held();
    if (now >= COUNT) break;
    if (Math.floor(now / 10_000) > Math.floor(before / 10_000)) log(`${now} messages are here after ${((Date.now() - start) / 1000).toFixed(0)} s`);
    before = now;
  }
  figure('arrival', (Date.now() - start) / 1000, 's');
  // Other members of the swarm are asked for the same once; what is measured later is a day like any other.
  while (Date.now() - busy < QUIET_MS) await page.waitForTimeout(1_000);
  figure('arrival_whole', (busy - start) / 1000, 's');
}

/** From the press on the row to the first messages. */
async function opening(page) {
  const row = page.getByTestId('c1.row').first();
  const times = [];
  for (let n = 0; n < OPENINGS; n += 1) {
    await page.evaluate(() => { location.hash = '#/chats'; });
    await row.waitFor();
    await page.locator('[data-message]').first().waitFor({ state: 'detached' });
    await page.waitForTimeout(n === 0 ? 0 : 500);
    await longest(page);
    const time = page.evaluate(() => window.bench.until('click', () => document.querySelector('[data-message]') !== null));
    await row.click();
    times.push(await time);
    await page.waitForTimeout(500);
  }
  figure('open_first', times[0], 'ms', 500);
  figure('open_median', median(times), 'ms', 500);
  await longest(page, 'open');
}

/** Upwards as fast as a hand can. */
async function scrolling(page) {
  await page.waitForTimeout(1_000);
  await longest(page);
  const { frames, seen } = await page.evaluate(async (ms) => {
    const scroller = document.querySelector('.timeline');
    window.bench.rows = 0;
    const frames = [];
    const seen = new Set();
    const end = performance.now() + ms;
    let last = performance.now();
    while (last < end) {
      scroller.scrollTop -= 1_200;
      const now = await new Promise((next) => requestAnimationFrame(next));
      frames.push(now - last);
      last = now;
      for (const row of document.querySelectorAll('[data-message]')) seen.add(row.dataset.message);
    }
    return { frames: frames.sort((a, b) => a - b), seen: seen.size };
  }, SCROLL_MS);
  figure('scroll_rows', await page.evaluate(() => window.bench.rows), 'mounted rows', 120);
  figure('scroll_nodes', await page.evaluate(() => document.querySelectorAll('*').length), 'elements', 2500);
  figure('scroll_rate', (seen * 1000) / SCROLL_MS, 'messages/s');
  figure('scroll_frame_p95', frames[Math.floor(frames.length * 0.95)], 'ms');
  await longest(page, 'scroll');
}

/** S1, from the last letter to the hits and to their number. */
async function searching(page) {
  await page.evaluate(() => { location.hash = '#/search'; });
  const input = page.getByTestId('s1.input');
  // The index is built in the background.
  for (;;) {
    await input.fill('');
    await input.fill(RARE);
    await page.getByTestId('s1.total').or(page.getByTestId('s1.nothing')).waitFor();
    if ((await page.getByTestId('s1.searchable').count()) === 0 && (await page.getByTestId('s1.hit').count()) >= Math.floor(COUNT / 10_000)) break;
    await page.waitForTimeout(1_000);
  }
  const first = [];
  const all = [];
  await longest(page);
  for (const query of [...QUERIES, ...QUERIES]) {
    await input.fill('');
    await page.waitForTimeout(400);
    await page.evaluate(() => {
      const shown = (name) => document.querySelector(`[data-testid="${name}"]`) !== null;
      window.bench.first = window.bench.until('input', () => shown('s1.hit') || shown('s1.nothing'));
      window.bench.all = window.bench.until('input', () => document.querySelector('[data-screen="s1"]').dataset.state === 'ready');
    });
    await input.fill(query);
    first.push(await page.evaluate(() => window.bench.first));
    all.push(await page.evaluate(() => window.bench.all));
  }
  figure('search_first_median', median(first), 'ms', 100);
  figure('search_first_worst', Math.max(...first), 'ms', 100);
  figure('search_all_worst', Math.max(...all), 'ms', 250);
  await longest(page, 'search');
}

/** The bar of a conversation, from the last letter to the number of hits, and to the oldest of them on screen. */
async function finding(page) {
  await page.evaluate(() => { location.hash = '#/chats'; });
  await page.getByTestId('c1.row').first().click();
  await page.locator('[data-message]').first().waitFor();
  await page.getByTestId('v1.find').click();
  const input = page.getByTestId('v4.query');
  await input.waitFor();
  const times = [];
  await longest(page);
  for (const query of [...QUERIES, ...QUERIES]) {
    await input.fill('');
    await page.waitForTimeout(600);
    await page.evaluate(() => {
      window.bench.first = window.bench.until('input', () => document.querySelector('[data-testid="v4.place"]').textContent !== '');
    });
    await input.fill(query);
    times.push(await page.evaluate(() => window.bench.first));
  }
  figure('find_worst', Math.max(...times), 'ms', 250);
  // The oldest hit lies nearly two years back.
  await input.fill(RARE);
  await page.waitForFunction(() => document.querySelector('[data-testid="v4.place"]').textContent !== '');
  await page.waitForTimeout(1_000);
  const time = page.evaluate((rare) => window.bench.until('click', () => {
    const shown = [...document.querySelectorAll('[data-message] mark')].some((mark) => mark.textContent === rare);
    const away = !window.bench.before || document.querySelector('[data-message]').dataset.message !== window.bench.before;
    return shown && away;
  }), RARE);
  await page.evaluate(() => { window.bench.before = document.querySelector('[data-message]').dataset.message; });
  await page.getByTestId('v4.previous').click();
  figure('jump_to_oldest', await time, 'ms', 500);
  await longest(page, 'find');
  figure('rows', await page.evaluate(() => window.bench.rows), 'mounted rows', 120);
}

/** Of the page and of its workers. */
async function collectGarbage(tab) {
  const workers = [];
  tab.on('Target.attachedToTarget', ({ sessionId }) => workers.push(sessionId));
  await tab.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  await tab.send('HeapProfiler.collectGarbage');
  const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
  for (const sessionId of workers) await tab.send('Target.sendMessageToTarget', { sessionId, message });
  await new Promise((done) => setTimeout(done, 2_000));
}

/** Private memory of a process, MB; none when it is gone. */
function memory(id) {
  const path = `/proc/${id}/smaps_rollup`;
  if (!existsSync(path)) return 0;
  const rollup = readFileSync(path, 'utf8');
  const kilobytes = ['Private_Clean', 'Private_Dirty', 'Swap'].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)[1]));
  return (kilobytes.reduce((a, b) => a + b) * 1024) / 1e6;
}
