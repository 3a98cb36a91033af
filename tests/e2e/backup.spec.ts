// Backups: made, read back, and restored where nothing else is left; what is wrong with a file is said.
import { Browser, Page, expect, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { PASSPHRASE, Person, axeFindsNothing } from './support';

const SECRET = 'six plain words open this file';
/** Bytes before the first part of a file, and of each part. */
const HEADER = 153;
const PART = 65_536;

/** A browser whose downloads end where it likes, as most do. */
async function arrive(browser: Browser, name: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.addInitScript(() => {
    delete (window as { showSaveFilePicker?: unknown }).showSaveFilePicker;
  });
  const person = Person.at(await context.newPage(), name);
  await person.page.goto('/');
  return person;
}

/** A picture of noise: some hundred kilobytes that nothing makes smaller. */
async function noise(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1000, 800);
    const context = canvas.getContext('2d')!;
    const pixels = context.createImageData(1000, 800);
    for (let at = 0; at < pixels.data.length; at += 1) pixels.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
    context.putImageData(pixels, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  });
  return Buffer.from(base64, 'base64');
}

/** Ann and Bob know each other; Ann has a picture from him, a star and his verified mark, and has noted something down. */
async function lived(browser: Browser): Promise<{ ann: Person; bob: Person; bobId: string }> {
  const ann = await arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await ann.create();
  await bob.create({ kind: 'temporary' });
  const bobId = await bob.accountId();
  await ann.openNew(bobId);
  await ann.send('Hello Bob');
  await bob.openRow('Ann');
  await bob.sees('Hello Bob');
  await bob.send('Hello Ann');
  await ann.sees('Hello Ann');
  await ann.id('v1.attach-input').setInputFiles({ name: 'noise.png', mimeType: 'image/png', buffer: await noise(ann.page) });
  await ann.id('v1.composer').fill('a picture');
  await ann.id('v1.send').click();
  await ann.stored('a picture');
  await ann.id('v1.composer').focus();
  await ann.page.keyboard.press('ArrowUp');
  await ann.page.keyboard.press('ArrowUp');
  await expect(ann.message('Hello Ann')).toBeFocused();
  await ann.page.keyboard.press('s');
  await expect(ann.message('Hello Ann').getByTestId('v1.starred')).toBeVisible();
  await ann.id('v1.details').click();
  await ann.id('v2.verify').click();
  await ann.id('sv.mark-verified').click();
  await ann.page.keyboard.press('Escape');
  await ann.page.waitForFunction(() => !history.state);
  return { ann, bob, bobId };
}

/** Through the dialog of the settings; gives the file. */
async function backUp(person: Person, choose: () => Promise<void>): Promise<{ name: string; file: Buffer }> {
  await person.page.goto('/#/settings/storage');
  await person.id('d1.open').click();
  await expect(person.screen('d1')).toBeVisible();
  await choose();
  const download = person.page.waitForEvent('download');
  await person.id('d1.create').click();
  const saved = await download;
  await expect(person.id('d1.done')).toBeVisible();
  return { name: saved.suggestedFilename(), file: readFileSync(await saved.path()) };
}

async function openFile(person: Person, file: Buffer, passphrase: string): Promise<void> {
  await person.id('d1.file').setInputFiles({ name: 'backup-20260101.osb', mimeType: 'application/octet-stream', buffer: file });
  await person.id('d1.file-passphrase').fill(passphrase);
  await person.id('d1.open-file').click();
}

async function erase(person: Person): Promise<void> {
  await person.page.goto('/#/settings');
  await person.id('d3.open').click();
  await person.id('d3.passphrase').fill(PASSPHRASE);
  await person.id('d3.erase').click();
  await expect(person.screen('w1')).toBeVisible();
}

test('an account that was erased comes back from its backup, and a wrong passphrase and a damaged file are told', async ({ browser }, info) => {
  const { ann, bob } = await lived(browser);
  const { name, file } = await backUp(ann, async () => {
    await expect(ann.id('d1.missing')).not.toBeEmpty();
    await ann.id('d1.passphrase').fill(SECRET);
    await ann.id('d1.phrase').check();
    await expect(ann.id('d1.phrase-warning')).toBeVisible();
    await axeFindsNothing(ann.page, 'd1');
    await ann.page.screenshot({ path: info.outputPath('d1.png') });
    // The phrase leaves with the passphrase of the account only.
    await ann.id('d1.account-passphrase').fill('not the right one');
    await ann.id('d1.create').click();
    await expect(ann.id('d1.error')).toHaveAttribute('data-code', 'VAULT-PASS');
    await ann.id('d1.passphrase').fill(SECRET);
    await ann.id('d1.account-passphrase').fill(PASSPHRASE);
  });
  expect(name).toMatch(/^backup-\d{8}\.osb$/);
  expect((file.length - HEADER) % PART).toBe(0);
  expect(file.length).toBeGreaterThan(HEADER + 4 * PART);
  expect(file.includes('Hello Bob')).toBe(false);
  await ann.page.screenshot({ path: info.outputPath('d1-done.png') });
  await ann.id('d1.finish').click();
  await expect(ann.id('d1.last')).not.toContainText('No backup');
  await erase(ann);
  expect(ann.errors).toEqual([]);
  await ann.leave();

  const again = await arrive(browser, 'Ann');
  await again.id('w1.file').click();
  await expect(again.screen('d1-start')).toBeVisible();
  await axeFindsNothing(again.page, 'd1-start');
  await openFile(again, file, 'six other words open this file');
  await expect(again.id('d1.restore-error')).toHaveAttribute('data-code', 'BAK-PASS');
  await openFile(again, Buffer.from('PK\x03\x04 and so on'), SECRET);
  await expect(again.id('d1.restore-error')).toHaveAttribute('data-code', 'BAK-FOREIGN');
  const headless = Buffer.from(file);
  headless[60] ^= 1;
  await openFile(again, headless, SECRET);
  await expect(again.id('d1.restore-error')).toHaveAttribute('data-code', 'BAK-DAMAGED');
  const later = Buffer.from(file);
  later[4] = 2;
  await openFile(again, later, SECRET);
  await expect(again.id('d1.restore-error')).toHaveAttribute('data-code', 'BAK-NEWER');

  // A bit of the picture is wrong: everything else comes back.
  const damaged = Buffer.from(file);
  damaged[HEADER + 2 * PART + 100] ^= 1;
  await openFile(again, damaged, SECRET);
  await expect(again.id('d1.facts')).toBeVisible();
  await again.id('d1.keep-device').check();
  await again.id('d1.protect-passphrase').check();
  await again.id('d1.passphrase').fill(PASSPHRASE);
  await axeFindsNothing(again.page, 'd1-start, questions');
  await again.page.screenshot({ path: info.outputPath('d1-start.png') });
  await again.id('d1.start').click();
  await expect(again.id('d1.report')).toBeVisible({ timeout: 120_000 });
  await expect(again.id('d1.lost')).toContainText('1 file');
  await axeFindsNothing(again.page, 'd1-start, report');
  await again.page.screenshot({ path: info.outputPath('d1-report.png') });
  await again.id('d1.enter').click();
  await expect(again.screen('c1')).toBeVisible();
  await expect(again.id('c1.row-verified')).toBeVisible();
  await again.openRow('Bob');
  await again.sees('Hello Bob');
  await expect(again.message('Hello Ann').getByTestId('v1.starred')).toBeVisible();
  await expect(again.message('a picture')).toHaveCount(1);
  await expect(again.id('v1.picture')).toHaveCount(0);

  // The whole file brings the picture; everything else is there once.
  await again.page.goto('/#/settings/storage');
  await again.id('d1.open-restore').click();
  await openFile(again, file, SECRET);
  await again.id('d1.merge').click();
  await expect(again.id('d1.report')).toBeVisible();
  await expect(again.id('d1.added')).toContainText('1 file');
  await expect(again.id('d1.lost')).toHaveCount(0);
  await axeFindsNothing(again.page, 'd1-restore');
  await again.id('d1.finish').click();
  await again.openRow('Bob');
  await expect(again.message('a picture')).toHaveCount(1);
  await expect(again.message('a picture').locator('img').first()).toBeVisible();
  expect(await again.texts()).toEqual(expect.arrayContaining(['Hello Bob', 'Hello Ann', 'a picture']));

  // It is the same account: what is said now arrives.
  await again.connected();
  await again.send('I am back');
  await bob.sees('I am back');
  expect(again.errors).toEqual([]);
  await again.leave();
  await bob.leave();
});

test('a backup without the phrase asks for it, and takes no other', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.create();
  await ann.openNew(await ann.accountId());
  await ann.send('a note');
  const phrase = await ann.phrase();
  const { file } = await backUp(ann, async () => {
    await ann.id('d1.without').check();
    await ann.id('d1.account').check();
    await ann.id('d1.account-passphrase').fill(PASSPHRASE);
  });
  await ann.id('d1.finish').click();
  await erase(ann);
  await ann.id('w1.restore').click();
  await ann.id('w3.file').click();
  await openFile(ann, file, PASSPHRASE);
  await expect(ann.id('d1.needs-phrase')).toBeVisible();
  const other = 'amaze buffet cake entrance symptoms tiger lamb maze nestle python dusted faxed';
  await ann.enterPhrase(other);
  await ann.id('d1.continue').click();
  await expect(ann.id('d1.restore-error')).toHaveAttribute('data-code', 'PHRASE-COUNT');
  await ann.enterPhrase(phrase);
  await ann.id('d1.continue').click();
  await ann.id('d1.keep-temporary').check();
  await ann.id('d1.start').click();
  await expect(ann.id('d1.report')).toBeVisible({ timeout: 120_000 });
  await ann.id('d1.enter').click();
  await ann.openRow('Note to Self');
  await ann.sees('a note');
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('another account is not merged; a backup goes where the person chooses, and is made and restored by keys alone', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  // A place that the person chose: a file of the browser's own.
  await context.addInitScript(() => {
    Object.assign(window, {
      showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) =>
        (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
    });
  });
  const ann = Person.at(await context.newPage(), 'Ann');
  await ann.page.goto('/');
  await ann.create({ kind: 'device' });
  await ann.openNew(await ann.accountId());
  await ann.send('a note');
  await ann.page.goto('/#/settings/storage');
  const at = () => ann.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
  const tabTo = async (testid: string) => {
    for (let n = 0; n < 60; n += 1) {
      if ((await at()) === testid) return;
      await ann.page.keyboard.press('Tab');
    }
    throw new Error(`${testid} cannot be reached with Tab`);
  };
  await tabTo('d1.open');
  await ann.page.keyboard.press('Enter');
  await tabTo('d1.suggest');
  await ann.page.keyboard.press('Enter');
  const words = (await ann.id('d1.suggested').textContent()) ?? '';
  expect(words.split(' ')).toHaveLength(6);
  const overflow = await ann.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await tabTo('d1.create');
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('d1.done')).toBeVisible();
  await expect(ann.id('d1.finish')).toBeFocused();
  await ann.page.keyboard.press('Enter');
  await expect(ann.screen('d1')).toBeHidden();
  const file = await ann.page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    for await (const [, handle] of folder as unknown as AsyncIterable<[string, FileSystemFileHandle]>) {
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    }
    return '';
  });
  const backup = Buffer.from(file, 'base64');
  expect(backup.subarray(0, 4).toString()).toBe('OSKB');

  const bob = await Person.arrive(browser, 'Bob', { viewport: { width: 360, height: 740 } });
  await bob.create({ kind: 'device' });
  await bob.page.goto('/#/settings/storage');
  await bob.id('d1.open-restore').click();
  await openFile(bob, backup, words);
  await expect(bob.id('d1.other-account')).toBeVisible();
  await bob.id('d1.lock').click();
  await expect(bob.screen('d1-start')).toBeVisible();
  expect(bob.errors).toEqual([]);
  await bob.leave();

  // On a device that has the account, by keys: all is there already.
  await tabTo('d1.open-restore');
  await ann.page.keyboard.press('Enter');
  await ann.id('d1.file').setInputFiles({ name: 'b.osb', mimeType: 'application/octet-stream', buffer: backup });
  await tabTo('d1.file-passphrase');
  await ann.page.keyboard.type(words);
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('d1.merge')).toBeFocused();
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('d1.report')).toBeVisible();
  await expect(ann.id('d1.added')).toHaveCount(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('somebody who made no backup for long is reminded, and can put that off', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.create({ kind: 'device' });
  await ann.openNew(await ann.accountId());
  await ann.send('a note');
  await ann.page.goto('/#/chats');
  await expect(ann.id('c1.row')).toHaveCount(1);
  await expect(ann.id('c1.backup')).toHaveCount(0);
  await ann.page.clock.install({ time: Date.now() + 31 * 86_400_000 });
  await ann.page.reload();
  await expect(ann.id('c1.backup')).toBeVisible();
  await expect(ann.id('c1.first-steps')).toHaveCount(0);
  await axeFindsNothing(ann.page, 'c1 with a reminder');
  await ann.id('c1.backup-open').click();
  await expect(ann.id('d1.open')).toBeVisible();
  await expect(ann.id('d1.remind-30')).toBeChecked();
  await ann.id('d1.remind-never').check();
  await ann.page.goto('/#/chats');
  await expect(ann.id('c1.backup')).toHaveCount(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('backups are written into a folder by themselves, the last three stay, and the browser may want to ask again', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(() => {
    // The folder of the site stands for one that the person chooses; headless nobody is asked.
    const page = window as unknown as { showDirectoryPicker: unknown };
    page.showDirectoryPicker = () => navigator.storage.getDirectory();
    const handle = FileSystemHandle.prototype as unknown as Record<string, () => Promise<string>>;
    handle.queryPermission = async () => (sessionStorage.getItem('asks') ? 'prompt' : 'granted');
    handle.requestPermission = async () => 'granted';
  });
  const ann = Person.at(await context.newPage(), 'Ann');
  await ann.page.goto('/');
  await ann.create({ kind: 'passphrase', passphrase: PASSPHRASE });
  await ann.openNew(await ann.accountId());
  await ann.send('a note');
  const files = () =>
    ann.page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      const names: string[] = [];
      for await (const [name] of folder as unknown as AsyncIterable<[string]>) names.push(name);
      return names.sort();
    });
  await ann.page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    await folder.getFileHandle('holiday.jpg', { create: true });
  });
  const kept = () => ann.page.evaluate(async () => (await indexedDB.databases()).filter((one) => one.name?.startsWith('folder-')).length);
  const start = Date.now();
  const named = (days: number) => `backup-${new Date(start + days * 86_400_000).toLocaleDateString('sv').replaceAll('-', '')}.osb`;

  await ann.page.goto('/#/settings/storage');
  await ann.id('d1.open').click();
  await ann.id('d1.passphrase').fill(SECRET);
  await ann.id('d1.repeat').check();
  await axeFindsNothing(ann.page, 'd1 with a folder');
  await ann.id('d1.create').click();
  await expect(ann.id('d1.done')).toBeVisible({ timeout: 120_000 });
  expect(await files()).toEqual([named(0), 'holiday.jpg']);
  await ann.id('d1.finish').click();
  await expect(ann.id('d1.repeats')).toBeVisible();

  const later = async (days: number) => {
    await ann.page.clock.setSystemTime(start + days * 86_400_000);
    await ann.page.reload();
    await ann.unlock(PASSPHRASE);
    await ann.page.goto('/#/chats');
  };
  await ann.page.clock.install({ time: start });
  await later(31);
  await expect.poll(files, { timeout: 120_000 }).toEqual([named(0), named(31), 'holiday.jpg']);
  // The browser forgot what it was allowed.
  await ann.page.evaluate(() => sessionStorage.setItem('asks', 'yes'));
  await later(62);
  await expect(ann.id('c1.backup-allow')).toBeVisible();
  await axeFindsNothing(ann.page, 'c1 with a question');
  expect(await files()).toHaveLength(3);
  await ann.id('c1.backup-allow').click();
  await expect.poll(files, { timeout: 120_000 }).toEqual([named(0), named(31), named(62), 'holiday.jpg']);
  await ann.page.evaluate(() => sessionStorage.removeItem('asks'));
  expect(await kept()).toBe(1);
  await later(93);
  await expect.poll(files, { timeout: 120_000 }).toEqual([named(31), named(62), named(93), 'holiday.jpg']);

  // The same folder chosen once more: still three.
  await ann.page.goto('/#/settings/storage');
  await ann.id('d1.open').click();
  await ann.id('d1.passphrase').fill(SECRET);
  await ann.id('d1.repeat').check();
  await ann.id('d1.create').click();
  await expect(ann.id('d1.done')).toBeVisible({ timeout: 120_000 });
  await ann.id('d1.finish').click();
  await expect.poll(files).toEqual([named(62), named(93).replace('.osb', '-2.osb'), named(93), 'holiday.jpg']);
  await ann.id('d1.repeats-stop').click();
  await expect(ann.id('d1.repeats')).toHaveCount(0);
  await expect.poll(kept).toBe(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});
