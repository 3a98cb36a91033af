import { expect, test } from '@playwright/test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  const folder = mkdtempSync(join(tmpdir(), 'onionskin-killed-'));
  const [profile, peerFiles, ownFiles] = ['profile', 'peer', 'own'].map((name) => join(folder, name));
  for (const one of [profile, peerFiles, ownFiles]) mkdirSync(one);
  const { receiver: peer, id } = await Receiver.start(peerFiles);

  // The first message is a request; files may go once the peer has accepted it.
  const sent: Sent[] = [];
  const attached: string[] = [];
  const start = async (): Promise<[Chromium, Person]> => {
    const sender = await Chromium.start(profile);
    await sender.page.exposeFunction('accepted', (texts: string[]) => {
      for (const message of sent) if (texts.includes(message.text)) message.accepted = true;
    });
    return [sender, Person.at(sender.page, 'Ann')];
  };
  let [sender, ann] = await start();
  await ann.page.goto(ORIGIN);
  await ann.create({ kind: 'device' });
  await ann.connected();
  const annId = await ann.accountId();
  const { receiver: own, id: sameId } = await Receiver.start(ownFiles, await ann.phrase());
  expect(sameId).toBe(annId);
  await ann.openNew(id);
  await ann.send('the first');
  sent.push({ text: 'the first', files: new Map(), accepted: true });
  await expect(ann.id('v1.notice')).toBeVisible({ timeout: 60_000 });
  const conversation = ann.page.url();

  const judge = async () => {
    for (const [who, receiver, mine] of [['the peer', peer, false], ['the other device', own, true]] as const) {
      const list = (await settled(sent, receiver, QUIET_MS)).filter((message: Received) => message.mine === mine && (message.text || message.files.length));
      expect(verdict(sent, list), `what ${who} has`).toEqual([]);
    }
  };

  for (let kill = 1; kill <= TIMES; kill += 1) {
    const random = chance(SEED * 1_000_003 + kill);
    let dead = false;
    const end = async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      dead = true;
      await sender.kill();
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
      await living(async () => void (await ann.page.goto(conversation)));
    } else {
      await arrive(ann, conversation, sent, attached);
      // After one of the first deeds: at once, while it is being written down, or somewhere on its way.
      let deeds = Math.ceil(random() * 4);
      const after = random() * (random() < 0.5 ? 100 : 2_000);
      const begun = () => {
        deeds -= 1;
        if (deeds === 0) killed = end(after);
      };
      await living(async () => {
        for (let n = 1; !dead; n += 1) await say(ann, `${kill}.${n} ${'word '.repeat(random() * 60)}`.trim(), random, sent, attached, begun);
      });
    }
    await killed;
    [sender, ann] = await start();
    if (kill % CHECK_EVERY === 0 && kill < TIMES) {
      await arrive(ann, conversation, sent, attached);
      await judge();
      console.log(`${kill} kills: ${sent.filter((message) => message.accepted).length} messages, none lost, none doubled`);
    }
  }

  await arrive(ann, conversation, sent, attached);
  await judge();
  await expect(ann.page.locator('[data-testid="v1.message"]:not([data-delivery="stored"]):not([data-delivery="synced"]):not([data-delivery="read"])')).toHaveCount(0);
  const accepted = sent.filter((message) => message.accepted);
  const files = accepted.reduce((sum, message) => sum + message.files.size, 0);
  console.log(`${TIMES} kills (seed ${SEED}): ${accepted.length} messages with ${files} files accepted, 0 lost, 0 doubled`);
  // Otherwise nothing was tried.
  expect(accepted.length).toBeGreaterThan(TIMES / 2);
  await sender.kill();
  peer.stop();
  own.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the conversation after a start. What stands there was accepted, each once and in its order. */
async function arrive(ann: Person, conversation: string, sent: Sent[], attached: string[]): Promise<void> {
  await ann.page.goto(conversation);
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
