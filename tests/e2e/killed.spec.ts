import { expect, test } from '@playwright/test';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chromium, Received, Receiver, Sent, chance, settled, verdict } from './killed';
import { ORIGIN, Person } from './support';

// Of so many browsers nobody would look through the traces.
test.use({ trace: 'off', screenshot: 'off' });

/** How often, and which moments; `cargo xtask kills` chooses. */
const TIMES = Number(process.env.ONIONSKIN_KILLS ?? 12);
const SEED = Number(process.env.ONIONSKIN_KILLS_SEED ?? 1);
/** The receivers are looked at after so many kills, and at the end. */
const CHECK_EVERY = 100;
/** For so long nothing may come twice (ms): two polls of a receiver. */
const QUIET_MS = 11_000;
const SIZES = [1, 3_000, 300_000, 1_200_000];
/** Of Chromium's log: a block, and the head of a record (bytes). */
const [BLOCK, HEAD] = [32_768, 7];

test('who judges what came notices each thing that can be wrong', () => {
  const bytes = join(mkdtempSync(join(tmpdir(), 'onionskin-judged-')), 'file');
  writeFileSync(bytes, 'abc');
  const said = (text: string, accepted = true): Sent => ({ text, files: new Map(), accepted });
  const sent = [said('a'), said('b'), { text: 'c', files: new Map([['f', Buffer.from('abc')]]), accepted: true }, said('d', false)];
  const came = (text: string, files: Received['files'] = []): Received => ({ author: '', mine: false, text, files });
  const c = came('c', [{ name: 'f', path: bytes }]);
  expect(verdict(sent, [came('a'), came('b'), c])).toEqual([]);
  expect(verdict(sent, [came('a'), came('b'), c, came('d')])).toEqual([]);
  expect(verdict(sent, [came('a'), c])).toEqual(['lost: b']);
  expect(verdict(sent, [came('a'), came('b'), came('b'), c])).toEqual(['2 times: b']);
  expect(verdict(sent, [came('b'), came('a'), c])).toEqual(['after what was sent later: a']);
  expect(verdict(sent, [came('a'), came('b'), c, came('x')])).toEqual(['never sent: x']);
  expect(verdict(sent, [came('a'), came('b'), came('c')])).toEqual(['c came with the files (none)']);
  writeFileSync(bytes, 'abd');
  expect(verdict(sent, [came('a'), came('b'), c])).toEqual(['damaged: f of c']);
});

test(`a browser killed ${TIMES} times while it sends loses nothing and doubles nothing`, async () => {
  test.setTimeout(180_000 + TIMES * 30_000);
  const life = await Life.begin();
  for (let kill = 1; kill <= TIMES; kill += 1) {
    await life.kill(chance(SEED * 1_000_003 + kill), kill);
    if (kill % CHECK_EVERY === 0) {
      await life.check();
      console.log(`${kill} kills: ${life.accepted().length} messages, none lost, none doubled`);
    }
  }
  await life.check();
  const files = life.accepted().reduce((sum, message) => sum + message.files.size, 0);
  console.log(`${TIMES} kills (seed ${SEED}): ${life.accepted().length} messages with ${files} files accepted, 0 lost, 0 doubled`);
  // Otherwise nothing was tried.
  expect(life.accepted().length).toBeGreaterThan(TIMES / 2);
  await life.end();
});

// Chromium goes on writing behind it, and destroys its database at the start after that, unless a new log has begun.
test('half a record, where a kill cut off the log of the browser, costs nothing', async () => {
  test.setTimeout(180_000);
  const life = await Life.begin();
  for (const text of ['behind the first cut', 'behind the second cut']) {
    await life.cut();
    await life.say(text);
  }
  await life.cut();
  await life.check();
  expect(life.accepted().map((message) => message.text)).toEqual(['the first', 'behind the first cut', 'behind the second cut']);
  await life.end();
});

/** One account that sends from a browser that is killed, to a peer and to its other device. */
class Life {
  /** In the order in which they were sent. The first message is a request; files may go once the peer has accepted it. */
  private readonly sent: Sent[] = [];
  private readonly attached: string[] = [];
  private conversation = '';
  private sender!: Chromium;
  private ann!: Person;
  private own!: Receiver;

  private constructor(
    private readonly folder: string,
    private readonly peer: Receiver,
  ) {}

  static async begin(): Promise<Life> {
    const folder = mkdtempSync(join(tmpdir(), 'onionskin-killed-'));
    for (const name of ['profile', 'peer', 'own']) mkdirSync(join(folder, name));
    const { receiver: peer, id } = await Receiver.start(join(folder, 'peer'));
    const life = new Life(folder, peer);
    await life.start();
    const { ann } = life;
    await ann.page.goto(ORIGIN);
    await ann.create({ kind: 'device' });
    await ann.connected();
    const annId = await ann.accountId();
    const own = await Receiver.start(join(folder, 'own'), await ann.phrase());
    expect(own.id).toBe(annId);
    life.own = own.receiver;
    await ann.openNew(id);
    await ann.send('the first');
    life.sent.push({ text: 'the first', files: new Map(), accepted: true });
    await expect(ann.id('v1.notice')).toBeVisible({ timeout: 60_000 });
    life.conversation = ann.page.url();
    return life;
  }

  private async start(): Promise<void> {
    this.sender = await Chromium.start(join(this.folder, 'profile'));
    await this.sender.page.exposeFunction('accepted', (texts: string[]) => {
      for (const message of this.sent) if (texts.includes(message.text)) message.accepted = true;
    });
    this.ann = Person.at(this.sender.page, 'Ann');
  }

  /** Kills the browser once, at a moment that chance chooses, and starts it again. */
  async kill(random: () => number, number: number): Promise<void> {
    let dead = false;
    const end = async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      dead = true;
      await this.sender.kill();
    };
    // What was under way fails with the browser; anything before that is a defect.
    const living = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        if (!dead) throw error;
      }
    };
    let killed: Promise<void> | undefined;
    if (random() < 0.15) {
      // While it starts, with whatever the outbox has left.
      killed = end(random() * 2_000);
      await living(async () => void (await this.ann.page.goto(this.conversation)));
    } else {
      await this.arrive();
      // After one of the first deeds: at once, while it is being written down, or somewhere on its way.
      let deeds = Math.ceil(random() * 4);
      const after = random() * (random() < 0.5 ? 100 : 2_000);
      const begun = () => {
        deeds -= 1;
        if (deeds === 0) killed = end(after);
      };
      await living(async () => {
        for (let n = 1; !dead; n += 1) await say(this.ann, `${number}.${n} ${'word '.repeat(random() * 60)}`.trim(), random, this.sent, this.attached, begun);
      });
    }
    await killed;
    await this.start();
  }

  /** Kills the browser and leaves at the end of its log the begin of a record of which the rest never came. */
  async cut(): Promise<void> {
    await this.sender.kill();
    const databases = join(this.folder, 'profile/Default/IndexedDB');
    const [database] = readdirSync(databases).filter((name) => name.endsWith('.leveldb'));
    const logs = readdirSync(join(databases, database)).filter((name) => name.endsWith('.log'));
    const log = join(databases, database, logs.sort().at(-1)!);
    // Blocks of 32 KiB; a head of a check sum, a length and a kind (the first of several parts), then what was written of it.
    const left = () => BLOCK - (statSync(log).size % BLOCK);
    // Zeros are passed over.
    if (left() < 2 * HEAD) appendFileSync(log, Buffer.alloc(left()));
    const room = left();
    const length = Math.min(room - HEAD, 1_000);
    const part = Buffer.alloc(HEAD + Math.floor(length / 2), 0x55);
    part.writeUInt16LE(length, 4);
    part.writeUInt8(2, 6);
    appendFileSync(log, part);
    await this.start();
    await this.arrive();
  }

  /** Sends one text and waits until it is stored. */
  async say(text: string): Promise<void> {
    this.sent.push({ text, files: new Map(), accepted: false });
    await this.ann.send(text);
    await this.ann.stored(text);
  }

  /** Opens the conversation after a start. What stands there was accepted, each once and in its order. */
  private async arrive(): Promise<void> {
    const { ann, sent, attached } = this;
    await ann.page.goto(this.conversation);
    await expect(ann.id('v1.message').first()).toBeVisible({ timeout: 60_000 });
    await expect(ann.id('v1.composer')).toBeVisible();
    const shown = await ann.texts();
    const places = shown.map((text) => sent.findIndex((message) => message.text === text));
    expect(places, shown.join('\n')).toEqual([...new Set(places)].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    // The last file is back where it waited, unless it went or never got there.
    const last = attached.at(-1);
    if (last && !sent.some((message) => message.accepted && message.files.has(last))) {
      await ann.id('v1.stage-file').waitFor({ timeout: 1_500 }).catch(() => attached.pop());
    }
    await ann.page.evaluate(() => {
      const seen = new Set<string>();
      const look = () => {
        const texts = [...document.querySelectorAll('[data-testid="v1.message"] [data-testid="v1.message-text"]')].map((one) => one.textContent ?? '').filter((text) => !seen.has(text));
        texts.forEach((text) => seen.add(text));
        if (texts.length) void (window as unknown as { accepted(texts: string[]): void }).accepted(texts);
      };
      look();
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    });
  }

  /** Once everything has gone: what both receivers have is what was sent. */
  async check(): Promise<void> {
    await this.arrive();
    for (const [who, receiver, mine] of [['the peer', this.peer, false], ['the other device', this.own, true]] as const) {
      const list = (await settled(this.sent, receiver, QUIET_MS)).filter((message: Received) => message.mine === mine && (message.text || message.files.length));
      expect(verdict(this.sent, list), `what ${who} has`).toEqual([]);
    }
    await expect(this.ann.page.locator('[data-testid="v1.message"]:not([data-delivery="stored"]):not([data-delivery="synced"]):not([data-delivery="read"])')).toHaveCount(0);
  }

  accepted(): Sent[] {
    return this.sent.filter((message) => message.accepted);
  }

  async end(): Promise<void> {
    await this.sender.kill();
    this.peer.stop();
    this.own.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One text, and sometimes a file; then the next one at once, or when this one is shown. */
async function say(ann: Person, text: string, random: () => number, sent: Sent[], attached: string[], begun: () => void): Promise<void> {
  const message: Sent = { text, files: new Map(), accepted: false };
  // A file may still wait here for the message with which it did not get away.
  const staged = ann.id('v1.stage-file');
  for (const name of await staged.locator('bdi').allTextContents()) message.files.set(name, filled(name));
  if (message.files.size === 0 && random() < 0.25) {
    const name = `${SIZES[Math.floor(random() * SIZES.length)]}-${text.split(' ')[0]}.bin`;
    attached.push(name);
    begun();
    await ann.id('v1.attach-input').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: filled(name) });
    await expect(staged).toHaveCount(1);
    await expect(ann.id('v1.stage-busy')).toHaveCount(0);
    message.files.set(name, filled(name));
  }
  await ann.id('v1.composer').fill(text);
  sent.push(message);
  begun();
  await ann.id('v1.composer').press('Enter');
  if (message.files.size > 0 || random() < 0.5) await expect(ann.message(text)).toBeVisible();
}

/** The bytes of a file follow from its name, which begins with its size. */
function filled(name: string): Buffer {
  const random = chance([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7));
  return Buffer.from({ length: Number.parseInt(name, 10) }, () => Math.floor(random() * 256));
}
