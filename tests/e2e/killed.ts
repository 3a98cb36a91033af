// A browser of its own process group that can be killed as a whole, a receiver that tells exactly what came, and who judges.
import { Browser, Page, chromium, expect } from '@playwright/test';
import { ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Interface, createInterface } from 'node:readline';
import { ORIGIN } from './support';

/** Numbers in [0, 1) that follow from a seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Chromium with a profile that outlives it. */
export class Chromium {
  private constructor(
    private readonly child: ChildProcess,
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async start(profile: string): Promise<Chromium> {
    // What a killed browser leaves to tell that it has the profile open.
    for (const name of readdirSync(profile)) if (name.startsWith('Singleton')) rmSync(join(profile, name), { force: true });
    const child = spawn(
      process.env.ONIONSKIN_CHROMIUM ?? '/usr/bin/chromium',
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--window-size=1280,800',
        `--user-data-dir=${profile}`,
        '--remote-debugging-port=0',
        'about:blank',
      ],
      { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const address = await new Promise<string>((found, failed) => {
      createInterface({ input: child.stderr! }).on('line', (line) => {
        const address = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
        if (address) found(address);
      });
      child.once('exit', (code) => failed(new Error(`Chromium ended with ${code}`)));
    });
    const browser = await chromium.connectOverCDP(address);
    const context = browser.contexts()[0];
    return new Chromium(child, browser, context.pages()[0] ?? (await context.newPage()));
  }

  /** Ends every process of it at once, as a power cut would. */
  async kill(): Promise<void> {
    const group = -this.child.pid!;
    process.kill(group, 'SIGKILL');
    while (isThere(group)) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.browser.close();
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A message as the receiver tells it. */
export type Received = { author: string; mine: boolean; text: string; files: { name: string; path: string | null }[] };

/** The program `crates/client/examples/receiver.rs`. */
export class Receiver {
  private waiting: ((line: string) => void)[] = [];
  private told: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    lines: Interface,
  ) {
    lines.on('line', (line) => {
      const next = this.waiting.shift();
      if (next) next(line);
      else this.told.push(line);
    });
    child.once('exit', () => this.waiting.splice(0).forEach((next) => next('')));
  }

  /** A fresh account, or the one of a phrase. Files that come are written into the folder. */
  static async start(folder: string, phrase?: string): Promise<{ receiver: Receiver; id: string }> {
    const program = process.env.ONIONSKIN_RECEIVER;
    if (!program) throw new Error('ONIONSKIN_RECEIVER is not set: run this through `cargo xtask kills` or `cargo xtask test`');
    const child = spawn(program, ['--relay', ORIGIN, '--save', folder, ...(phrase ? ['--phrase', phrase] : [])], { stdio: ['pipe', 'pipe', 'ignore'] });
    const receiver = new Receiver(child, createInterface({ input: child.stdout! }));
    const id = /^id (05[0-9a-f]{64})$/.exec(await receiver.line())?.[1];
    if (!id) throw new Error('the receiver does not tell its ID');
    return { receiver, id };
  }

  private line(): Promise<string> {
    const line = this.told.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.child.exitCode !== null) return Promise.resolve('');
    return new Promise((next) => this.waiting.push(next));
  }

  /** Everything it has, conversation by conversation in the order of the screens. */
  async list(): Promise<Received[]> {
    this.child.stdin!.write('list\n');
    const found: Received[] = [];
    for (;;) {
      const line = await this.line();
      if (line === 'end') return found;
      if (!line) throw new Error('the receiver ended');
      found.push(JSON.parse(line) as Received);
    }
  }

  stop(): void {
    this.child.stdin!.end();
  }
}

/** A message whose sending was asked for. It is `accepted` once the screen has shown it. */
export type Sent = { text: string; files: Map<string, Buffer>; accepted: boolean };

/** Texts that were accepted and are not there yet, or whose files are not. */
export function missing(sent: Sent[], received: Received[]): string[] {
  const there = new Map(received.map((message) => [message.text, message]));
  return sent
    .filter((message) => message.accepted && !there.get(message.text)?.files.every((file) => file.path !== null))
    .map((message) => message.text);
}

/** Whatever is wrong with what came, in words. `sent` is in the order in which it was sent. */
export function verdict(sent: Sent[], received: Received[]): string[] {
  const wrong: string[] = [];
  const place = new Map(sent.map((message, at) => [message.text, at]));
  const times = new Map<string, number>();
  for (const { text } of received) times.set(text, (times.get(text) ?? 0) + 1);
  for (const message of sent) if (message.accepted && !times.has(message.text)) wrong.push(`lost: ${message.text}`);
  for (const [text, count] of times) {
    if (count > 1) wrong.push(`${count} times: ${text}`);
    if (!place.has(text)) wrong.push(`never sent: ${text}`);
  }
  let newest = -1;
  for (const message of received) {
    const at = place.get(message.text);
    if (at === undefined) continue;
    if (at < newest) wrong.push(`after what was sent later: ${message.text}`);
    newest = Math.max(newest, at);
    const { files } = sent[at];
    const names = message.files.map((file) => file.name);
    if (names.join() !== [...files.keys()].join()) wrong.push(`${message.text} came with the files ${names.join() || '(none)'}`);
    for (const { name, path } of message.files) {
      if (!path || !files.get(name)?.equals(readFileSync(path))) wrong.push(`damaged: ${name} of ${message.text}`);
    }
  }
  return wrong;
}

/** Until everything that was accepted is there, and then for a while for what may come twice. */
export async function settled(sent: Sent[], receiver: Receiver, quiet: number): Promise<Received[]> {
  await expect.poll(async () => missing(sent, await receiver.list()), { timeout: 180_000, intervals: [1000] }).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, quiet));
  return receiver.list();
}
