// Files of messages: a photograph loses its place, a voice message is as long as what was said, pictures are looked at.
import { Browser, Page, expect, test } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Keep, PASSPHRASE, Person, axeFindsNothing } from './support';

// The fake microphone beeps once a second, the fake camera shows a moving picture.
test.use({
  launchOptions: {
    executablePath: process.env.ONIONSKIN_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
    ],
  },
});

const folder = mkdtempSync(join(tmpdir(), 'onionskin-media-'));

/** A JPEG as a browser makes it, and with EXIF that tells a place put in by us. */
async function photograph(page: Page, width: number, height: number): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ([width, height]) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d')!;
      const sky = context.createLinearGradient(0, 0, width, height);
      sky.addColorStop(0, 'navy');
      sky.addColorStop(1, 'orange');
      context.fillStyle = sky;
      context.fillRect(0, 0, width, height);
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    },
    [width, height],
  );
  const plain = Buffer.from(base64, 'base64');
  const tiff = Buffer.concat([
    Buffer.from('II*\0\x08\0\0\0\x02\0', 'latin1'),
    // Turned by a quarter, and a pointer to where it was.
    Buffer.from([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]),
    Buffer.from([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0]),
    Buffer.from([1, 0, 1, 0, 2, 0, 2, 0, 0, 0]),
    Buffer.from('N\0\0\0', 'latin1'),
    Buffer.from([0, 0, 0, 0]),
    Buffer.from('GPS 52.5200 13.4050 Ann Camera', 'latin1'),
  ]);
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([plain.subarray(0, 2), head, body, plain.subarray(2)]);
}

/** Markers of a JPEG's segments up to the scan. */
function segments(file: Buffer): number[] {
  expect([file[0], file[1]]).toEqual([0xff, 0xd8]);
  const found: number[] = [];
  for (let at = 2; at < file.length; at += 2 + file.readUInt16BE(at + 2)) {
    expect(file[at]).toBe(0xff);
    found.push(file[at + 1]);
    if (file[at + 1] === 0xda) break;
  }
  return found;
}

async function saved(person: Person, press: () => Promise<void>): Promise<Buffer> {
  const waiting = person.page.waitForEvent('download');
  await press();
  return readFileSync(await (await waiting).path());
}

async function clean(person: Person, screen: string): Promise<void> {
  await axeFindsNothing(person.page, screen, screen);
}

/** Two people who accepted each other. */
async function acquainted(ann: Person, ben: Person): Promise<void> {
  await ann.create({ kind: 'temporary' });
  await ben.create({ kind: 'temporary' });
  await ann.connected();
  await ben.connected();
  await ann.openNew(await ben.accountId());
  await ann.send('hello Ben');
  await ann.stored('hello Ben');
  await ben.openRow('Ann');
  await ben.sees('hello Ben');
  await ben.send('hello Ann');
  await ann.sees('hello Ann');
}

test('files go from one person to another as they should', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const ben = await Person.arrive(browser, 'Ben');
  await acquainted(ann, ben);

  await test.step('a photograph loses its place, its camera and half of its pixels', async () => {
    const original = await photograph(ann.page, 3000, 1500);
    expect(segments(original)).toContain(0xe1);
    const path = join(folder, 'beach.jpg');
    writeFileSync(path, original);
    await ann.id('v1.attach-input').setInputFiles(path);
    await expect(ann.id('v1.stage-metadata')).toHaveText('Location and camera data removed');
    await expect(ann.id('v1.stage-quality')).toHaveValue('balanced');
    await clean(ann, '[data-screen="v1"]');
    await ann.id('v1.stage-caption').fill('the sea at noon');
    await ann.id('v1.stage-caption').blur();
    await ann.id('v1.send').click();
    await expect(ann.id('v1.picture')).toBeVisible();
    await expect(ann.id('v1.message').last()).toHaveAttribute('data-delivery', /stored|synced/, { timeout: 90_000 });

    const file = ben.id('v1.file').last();
    await expect(file).toBeVisible({ timeout: 60_000 });
    if ((await file.getAttribute('data-file')) === 'remote') await file.getByTestId('v1.file-load').click();
    await expect(ben.id('v1.picture')).toBeVisible({ timeout: 60_000 });
    await expect(ben.id('v1.picture')).toHaveAccessibleName('the sea at noon');
    await ben.id('v1.picture').click();
    await expect(ben.screen('v5')).toBeVisible();
    await expect(ben.id('v5.picture')).toBeVisible();
    const got = await saved(ben, () => ben.id('v5.save').click());
    expect(segments(got)).not.toContain(0xe1);
    expect(got.includes('Exif')).toBe(false);
    expect(got.includes('52.5200')).toBe(false);
    const size = await ben.id('v5.picture').evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
    // Upright now: what stood on its side was 3000 wide.
    expect(size).toEqual([1000, 2000]);
  });

  await test.step('a picture is looked at with keys alone', async () => {
    await clean(ben, '[data-screen="v5"]');
    await ben.page.keyboard.press('+');
    await expect(ben.id('v5.zoom')).toHaveText('125 %');
    await ben.page.keyboard.press('r');
    await expect(ben.id('v5.picture')).toHaveAttribute('data-turns', '1');
    await ben.page.keyboard.press('0');
    await expect(ben.id('v5.zoom')).toHaveText('100 %');
    await expect(ben.id('v5.picture')).toHaveAttribute('data-turns', '0');
    await ben.page.keyboard.press('Escape');
    await expect(ben.screen('v5')).toBeHidden();
    await expect(ben.id('v1.picture')).toBeFocused();
  });

  await test.step('every quality is what it says', async () => {
    const path = join(folder, 'hill.jpg');
    writeFileSync(path, await photograph(ann.page, 2400, 1200));
    await ann.id('v1.attach-input').setInputFiles(path);
    await expect(ann.id('v1.stage-file')).toHaveCount(1);
    const balanced = await ann.id('v1.stage-size').textContent();
    await ann.id('v1.stage-quality').selectOption('small');
    await expect(ann.id('v1.stage-size')).not.toHaveText(balanced ?? '');
    await ann.id('v1.stage-remove').click();
    await expect(ann.id('v1.stage-file')).toHaveCount(0);
  });

  await test.step('what nobody could open is refused before anything is sent', async () => {
    const path = join(folder, 'photo.heic');
    writeFileSync(path, Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
    await ann.id('v1.attach-input').setInputFiles({ name: 'photo.heic', mimeType: 'image/heic', buffer: readFileSync(path) });
    await expect(ann.id('v1.stage-failure')).toHaveAttribute('data-code', 'FILE-TYPE');
    await ann.id('v1.attach-input').setInputFiles({ name: 'big.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(9_828_081) });
    await expect(ann.id('v1.stage-failure')).toHaveAttribute('data-code', 'FILE-TOO-BIG');
  });

  let said = 0;
  let bytes: number[] = [];
  await test.step('a voice message is recorded, paused, sent and shown with its length', async () => {
    await ann.id('v1.record').click();
    await expect(ann.screen('v12')).toHaveAttribute('data-state', 'recording');
    await expect(ann.id('v1.recorder-time')).toHaveText(/^0:(0[2-9]|[1-5]\d)$/);
    await clean(ann, '[data-screen="v12"]');
    await ann.id('v1.recorder-stop').click();
    await expect(ann.screen('v12')).toHaveAttribute('data-state', 'paused');
    await ann.id('v1.recorder-stop').click();
    await expect(ann.id('v1.recorder-time')).toHaveText(/^0:(0[4-9]|[1-5]\d)$/);
    await ann.id('v1.recorder-stop').click();
    said = Number((await ann.id('v1.recorder-time').textContent())!.replace('0:', ''));
    await ann.id('v1.recorder-send').click();
    await expect(ann.screen('v12')).toBeHidden();
    await expect(ann.id('v1.voice')).toBeVisible();

    const tile = ben.page.locator('[data-testid="v1.file"][data-kind="voice"]');
    await expect(tile).toBeVisible({ timeout: 90_000 });
    if ((await tile.getAttribute('data-file')) === 'remote') await tile.getByTestId('v1.file-load').click();
    await expect(ben.id('v1.voice')).toBeVisible({ timeout: 60_000 });
    await expect(ben.id('v1.voice-unheard')).toBeVisible();
    await expect(ben.id('v1.voice-time')).toHaveText(new RegExp(`^0:00 / 0:(${[said, said + 1].map((s) => String(s).padStart(2, '0')).join('|')})$`));

    await ben.page.goto(`${ben.page.url()}/media`);
    await ben.id('v3.tab-voice').click();
    await expect(ben.id('v1.voice')).toBeVisible();
    await clean(ben, '[data-screen="v3"]');
    // Its bytes, as the player gets them.
    bytes = await ben.page.evaluate(async () => {
      const made = URL.createObjectURL;
      const caught = new Promise<Blob>((resolve) => {
        URL.createObjectURL = (blob: Blob) => {
          resolve(blob);
          return made.call(URL, blob);
        };
      });
      document.querySelector<HTMLElement>('[data-testid="v1.voice-play"]')!.click();
      const blob = await caught;
      URL.createObjectURL = made;
      return [...new Uint8Array(await blob.arrayBuffer())];
    });
  });

  await test.step('playing goes on when the conversation is left, and can be paused', async () => {
    await expect(ben.id('mini-player')).toBeVisible();
    await ben.page.goto('/#/settings');
    // Paused, since a short message would end while it is looked at.
    await ben.id('mini-player.play').click();
    await clean(ben, '[data-testid="mini-player"]');
    await ben.id('mini-player.stop').click();
    await expect(ben.id('mini-player')).toBeHidden();
  });

  await test.step('it is as long as what was said, for an independent decoder', async () => {
    const path = join(folder, 'voice.mp3');
    writeFileSync(path, Buffer.from(bytes));
    const probe = (entries: string) =>
      execFileSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'default=nw=1:nk=1', path]).toString().trim();
    expect(probe('stream=codec_name')).toBe('mp3');
    const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 's16le', '-ac', '1', '-ar', '48000', '-'], { maxBuffer: 1 << 26 });
    const seconds = raw.length / 2 / 48_000;
    expect(Math.abs(seconds - said)).toBeLessThan(1.2);
    // The fake microphone beeps: it is not silence.
    let loudest = 0;
    for (let at = 0; at + 1 < raw.length; at += 2) loudest = Math.max(loudest, Math.abs(raw.readInt16LE(at)));
    expect(loudest).toBeGreaterThan(1_000);
  });

  await test.step('a photograph from the camera is staged like any other', async () => {
    await ann.id('v1.camera').click();
    await expect(ann.screen('v11')).toBeVisible();
    await ann.id('v11.take').click();
    await expect(ann.screen('v11')).toBeHidden();
    await expect(ann.id('v1.stage-file')).toHaveCount(1);
  });

  await test.step('a camera with a light can be told to switch it on while a code is looked for', async () => {
    // The fake camera has none, so the page is told of one.
    await ann.page.evaluate(() => {
      const track = MediaStreamTrack.prototype as unknown as { getCapabilities: unknown; applyConstraints: unknown; asked: unknown[] };
      track.asked = [];
      track.getCapabilities = () => ({ torch: true });
      track.applyConstraints = (wanted: unknown) => {
        track.asked.push(wanted);
        return Promise.resolve();
      };
    });
    await ann.page.goto('/#/new');
    await ann.id('n1.scan').click();
    await ann.id('k3.camera').click();
    await expect(ann.id('k3.light')).toHaveAttribute('aria-pressed', 'false');
    await ann.id('k3.light').click();
    await expect(ann.id('k3.light')).toHaveAttribute('aria-pressed', 'true');
    await ann.id('k3.light').click();
    await expect(ann.id('k3.light')).toHaveAttribute('aria-pressed', 'false');
    const asked = await ann.page.evaluate(() => (MediaStreamTrack.prototype as unknown as { asked: unknown[] }).asked);
    expect(asked).toEqual([{ advanced: [{ torch: true }] }, { advanced: [{ torch: false }] }]);
    await ann.id('k3.stop').click();
    await expect(ann.id('k3.light')).toHaveCount(0);
  });

  expect(ann.errors).toEqual([]);
  expect(ben.errors).toEqual([]);
  await ann.leave();
  await ben.leave();
});

/** A tone of so many seconds. */
function tone(seconds: number): Buffer {
  const rate = 8_000;
  const samples = Buffer.alloc(rate * seconds * 2);
  for (let n = 0; n < rate * seconds; n++) samples.writeInt16LE(Math.round(8_000 * Math.sin((n * 440 * 2 * Math.PI) / rate)), n * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  for (const [value, at] of [[16, 16], [rate, 24], [rate * 2, 28], [samples.length, 40]]) head.writeUInt32LE(value, at);
  for (const [value, at] of [[1, 20], [1, 22], [2, 32], [16, 34]]) head.writeUInt16LE(value, at);
  head.write('data', 36, 'latin1');
  return Buffer.concat([head, samples]);
}

/** Somebody in their notes, with a sound in them if one is given. */
async function inNotes(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}, keep: Keep = { kind: 'temporary' }, sound?: Buffer): Promise<Person> {
  const ann = await Person.arrive(browser, 'Ann', options);
  await ann.create(keep);
  await ann.openNew(await ann.accountId());
  if (sound) {
    await ann.id('v1.attach-input').setInputFiles({ name: 'tone.wav', mimeType: 'audio/wav', buffer: sound });
    await expect(ann.id('v1.stage-file')).toHaveCount(1);
    await ann.id('v1.send').click();
    await expect(ann.id('v1.file')).toHaveAttribute('data-file', 'here', { timeout: 60_000 });
  }
  return ann;
}

test('a sound is remembered where it was, heeds the keys for sounds and is let go when it is stopped', async ({ browser }) => {
  const ann = await inNotes(browser, {}, { kind: 'passphrase', passphrase: PASSPHRASE }, tone(60));
  // The one element of the player, and where the keys for sounds lead.
  type Kept = { sound: HTMLAudioElement; keys: Record<string, (() => void) | null> };
  await ann.page.evaluate(() => {
    const kept = window as unknown as Kept;
    kept.keys = {};
    const Real = window.Audio;
    window.Audio = function () {
      return (kept.sound = new Real());
    } as unknown as typeof Audio;
    const session = navigator.mediaSession;
    const real = session.setActionHandler.bind(session);
    session.setActionHandler = (name: MediaSessionAction, act: MediaSessionActionHandler | null) => {
      kept.keys[name] = act as (() => void) | null;
      real(name, act);
    };
  });
  const key = (name: string) => ann.page.evaluate((name) => (window as unknown as Kept).keys[name]!(), name);
  const held = (name: string) => ann.page.evaluate((name) => (window as unknown as Kept).keys[name] !== null, name);
  const loaded = () => ann.page.evaluate(() => (window as unknown as Kept).sound.networkState);

  await ann.id('v1.voice-seek').focus();
  await ann.page.keyboard.press('ArrowRight');
  await ann.page.keyboard.press('ArrowRight');
  await expect(ann.id('v1.voice-time')).toHaveText('0:10 / 1:00');
  await ann.id('v1.voice-play').click();
  await expect(ann.id('mini-player.time')).toHaveText(/^0:[1-5]\d /);
  expect(await loaded()).not.toBe(0);
  await key('pause');
  await expect(ann.id('v1.voice')).toHaveAttribute('data-playing', 'false');
  const second = async () => Number(/^0:(\d\d) /.exec((await ann.id('v1.voice-time').textContent()) ?? '')![1]);
  const before = await second();
  await key('seekbackward');
  await expect.poll(second).toBe(before - 5);
  await key('play');
  await expect(ann.id('v1.voice')).toHaveAttribute('data-playing', 'true');
  expect(await ann.page.evaluate(() => navigator.mediaSession.metadata?.title)).toBe('Player');
  await key('pause');
  await ann.id('mini-player.stop').click();
  await expect(ann.id('mini-player')).toBeHidden();
  await expect.poll(loaded).toBe(0);
  expect(await held('play')).toBe(false);
  await expect(ann.id('v1.composer')).toBeFocused();
  await expect(ann.id('v1.voice-time')).not.toHaveText(/^0:00 /);

  await ann.id('v1.voice-play').click();
  await expect(ann.id('v1.voice')).toHaveAttribute('data-playing', 'true');
  await ann.id('rail.lock').click();
  await expect(ann.screen('l1')).toBeVisible();
  await expect.poll(loaded).toBe(0);
  expect(await held('play')).toBe(false);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

for (const width of [320, 1280]) {
  test(`what plays and what records lies over nothing at ${width} px`, async ({ browser }) => {
    const ann = await inNotes(browser, { viewport: { width, height: 720 } }, { kind: 'temporary' }, tone(60));
    await ann.id('v1.voice-play').click();
    await expect(ann.id('mini-player')).toBeVisible();
    await ann.id('v1.record').click();
    await expect(ann.screen('v12')).toHaveAttribute('data-state', 'recording');
    await expect(ann.id('v1.recorder-stop')).toBeFocused();
    await ann.page.screenshot({ path: test.info().outputPath('dock.png') });
    const composer = (await ann.id('v1.composer').boundingBox())!;
    for (const part of ['mini-player', 'v1.recorder']) {
      const box = (await ann.id(part).boundingBox())!;
      expect(box.y >= composer.y + composer.height || box.y + box.height <= composer.y, part).toBe(true);
      expect(box.y + box.height).toBeLessThanOrEqual(720);
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
    }
    await ann.id('v1.recorder-discard').click();
    await expect(ann.screen('v12')).toBeHidden();
    await expect(ann.id('v1.composer')).toBeFocused();
    expect(ann.errors).toEqual([]);
    await ann.leave();
  });
}

test('what was said is kept when it is refused, for another try', async ({ browser }) => {
  const ann = await inNotes(browser);
  // As many files as a message may have: one more is refused.
  await ann.id('v1.attach-input').setInputFiles(
    Array.from({ length: 32 }, (_, n) => ({ name: `${n}.txt`, mimeType: 'text/plain', buffer: Buffer.from(`${n}`) })),
  );
  await expect(ann.id('v1.stage-file')).toHaveCount(32, { timeout: 120_000 });
  await ann.id('v1.record').click();
  await expect(ann.id('v1.recorder-time')).toHaveText(/^0:(0[2-9]|[1-5]\d)$/);
  await ann.id('v1.recorder-send').click();
  await expect(ann.id('v1.recorder-error')).toHaveAttribute('data-code', 'FILE-MANY');
  await expect(ann.screen('v12')).toHaveAttribute('data-state', 'paused');
  await expect(ann.id('v1.recorder-stop')).toBeDisabled();
  await expect(ann.id('v1.recorder-time')).not.toHaveText('0:00');
  await ann.id('v1.stage-remove').first().click();
  await expect(ann.id('v1.stage-file')).toHaveCount(31);
  await ann.id('v1.recorder-send').click();
  await expect(ann.screen('v12')).toBeHidden();
  await expect(ann.id('v1.voice')).toBeVisible();
  await expect(ann.id('v1.stage-file')).toHaveCount(31);
  await expect(ann.id('v1.recorder-error')).toHaveCount(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('a finger speaks as long as it holds, and slides to cancel or to go on without it', async ({ browser }) => {
  const ann = await inNotes(browser, { viewport: { width: 390, height: 800 }, hasTouch: true });
  const touch = await ann.context.newCDPSession(ann.page);
  const send = (type: string, points: object[]) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points } as never);
  const down = async () => {
    const box = (await ann.id('v1.record').boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await send('touchStart', [{ x, y }]);
    await expect(ann.screen('v12')).toBeVisible();
    return [x, y] as const;
  };
  const recording = () => expect(ann.screen('v12')).toHaveAttribute('data-state', 'recording');
  const slide = async ([x, y]: readonly [number, number], across: number, up: number) => {
    for (let step = 1; step <= 4; step++) await send('touchMove', [{ x: x - (across * step) / 4, y: y - (up * step) / 4 }]);
  };

  await test.step('too short', async () => {
    await down();
    await send('touchEnd', []);
    await expect(ann.id('toast')).toContainText('Too short');
    await expect(ann.screen('v12')).toBeHidden();
  });
  await test.step('cancelled', async () => {
    const from = await down();
    await recording();
    await expect(ann.id('v1.recorder-hold')).toBeVisible();
    await slide(from, 120, 0);
    await expect(ann.screen('v12')).toBeHidden();
    await expect(ann.id('announcer')).toHaveText('Recording discarded');
    await send('touchEnd', []);
    await expect(ann.id('v1.record')).toBeEnabled();
    await expect(ann.screen('v12')).toBeHidden();
  });
  await test.step('locked', async () => {
    const from = await down();
    await recording();
    await slide(from, 0, 120);
    await send('touchEnd', []);
    await expect(ann.id('announcer')).toHaveText('Recording goes on without holding');
    await expect(ann.id('v1.recorder-hold')).toHaveCount(0);
    await recording();
    await ann.id('v1.recorder-discard').click();
    await expect(ann.screen('v12')).toBeHidden();
  });
  await expect(ann.id('v1.voice')).toHaveCount(0);
  await test.step('sent', async () => {
    await down();
    await expect(ann.id('v1.recorder-time')).toHaveText(/^0:(0[2-9]|[1-5]\d)$/);
    await send('touchEnd', []);
    await expect(ann.screen('v12')).toBeHidden();
    await expect(ann.id('v1.voice')).toHaveCount(1);
  });
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('a code that is read when the scanner is closed already is not used', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  const id = await ann.accountId();
  const ask = async () => {
    await ann.page.evaluate((id) => {
      navigator.clipboard.readText = () => new Promise((resolve) => setTimeout(() => resolve(id), 1_000));
    }, id);
    await ann.id('n1.scan').click();
    await ann.id('k3.paste').click();
  };
  await ask();
  await ann.id('k3.close').click();
  await expect(ann.screen('k3')).toBeHidden();
  await ann.page.waitForTimeout(1_500);
  await expect(ann.id('n1.input')).toHaveValue('');
  await ask();
  await ann.page.goBack();
  await ann.page.goto('/#/chats');
  await ann.page.waitForTimeout(1_500);
  await expect(ann.screen('c1')).toBeVisible();
  expect(ann.errors).toEqual([]);
  await ann.leave();
});
