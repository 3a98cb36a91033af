// All media of a conversation: from each to its message, several saved as one archive, and what the details count of them.
import { Browser, Page, expect, test } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Person } from './support';

async function withFiles(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
  const ann = await Person.arrive(browser, 'Ann', options);
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  await ann.send('See https://example.org/one');
  for (const [name, text] of [
    ['list.txt', 'one\n'],
    ['list.txt', 'two\n'],
  ]) {
    await ann.id('v1.attach-input').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    await expect(ann.id('v1.stage-file')).toHaveCount(1);
    await ann.id('v1.send').click();
    await expect(ann.id('v1.stage-file')).toHaveCount(0);
  }
  await expect(ann.id('v1.file')).toHaveCount(2);
  // What was sent is no longer on its way.
  for (const file of await ann.id('v1.file').all()) await expect(file).toHaveAttribute('data-file', 'here', { timeout: 60_000 });
  return ann;
}

/** A PNG of one colour. */
async function picture(page: Page, colour: string): Promise<Buffer> {
  const base64 = await page.evaluate(async (colour) => {
    const canvas = new OffscreenCanvas(400, 300);
    const context = canvas.getContext('2d')!;
    context.fillStyle = colour;
    context.fillRect(0, 0, 400, 300);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  }, colour);
  return Buffer.from(base64, 'base64');
}

/** Somebody in their notes, with two pictures in one message; the first has words. */
async function withPictures(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
  const ann = await Person.arrive(browser, 'Ann', options);
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  await ann.id('v1.attach-input').setInputFiles([
    { name: 'red.png', mimeType: 'image/png', buffer: await picture(ann.page, 'red') },
    { name: 'blue.png', mimeType: 'image/png', buffer: await picture(ann.page, 'blue') },
  ]);
  await expect(ann.id('v1.stage-file')).toHaveCount(2);
  await expect(ann.id('v1.stage-busy')).toHaveCount(0);
  await ann.id('v1.stage-caption').first().fill('all red');
  await ann.id('v1.stage-caption').first().blur();
  await ann.id('v1.send').click();
  await expect(ann.id('v1.picture')).toHaveCount(2);
  for (const file of await ann.id('v1.file').all()) await expect(file).toHaveAttribute('data-file', 'here', { timeout: 60_000 });
  return ann;
}

async function leave(person: Person): Promise<void> {
  expect(person.errors, `${person.name} saw errors`).toEqual([]);
  await person.leave();
}

test('pictures wait in the order that was chosen, also after a reload, ask for words, and the list shows them as a draft', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'device' });
  await ann.openNew(await ann.accountId());
  await ann.id('v1.attach-input').setInputFiles([
    { name: 'red.png', mimeType: 'image/png', buffer: await picture(ann.page, 'red') },
    { name: 'blue.png', mimeType: 'image/png', buffer: await picture(ann.page, 'blue') },
  ]);
  await expect(ann.id('v1.stage-file')).toHaveCount(2);
  await expect(ann.id('v1.stage-busy')).toHaveCount(0);
  const order = () => ann.page.locator('.stage-name').allTextContents();
  const row = ann.id('c1.row').filter({ hasText: 'Note to Self' });
  await expect(row).toContainText('Draft');
  const [first, second] = await order();
  await expect(ann.id('v1.stage-describe')).toContainText('2');
  await ann.id('v1.stage-describe-now').click();
  await expect(ann.id('v1.stage-caption').first()).toBeFocused();
  await ann.page.keyboard.type('all red');
  await ann.page.keyboard.press('Tab');
  await expect(ann.id('v1.stage-describe')).toContainText('1');
  await ann.id('v1.stage-later').first().click();
  expect(await order()).toEqual([second, first]);
  await ann.page.waitForTimeout(500);
  await ann.page.reload();
  await expect(ann.id('v1.stage-file')).toHaveCount(2);
  expect(await order()).toEqual([second, first]);
  await expect(ann.id('v1.stage-caption').nth(1)).toHaveValue('all red');
  await expect(row).toContainText('Draft');
  await ann.id('v1.send').click();
  await expect(ann.id('v1.picture')).toHaveCount(2);
  await expect(row).not.toContainText('Draft');

  // Its details say what it is and whether the files are what was sent.
  for (const file of await ann.id('v1.file').all()) await expect(file).toHaveAttribute('data-file', 'here', { timeout: 60_000 });
  await expect(ann.id('v1.message').last()).toHaveAttribute('data-delivery', /stored|synced/, { timeout: 60_000 });
  await ann.id('v1.message').last().focus();
  await ann.page.keyboard.press('i');
  await expect(ann.id('v6.facts')).toContainText('Kind');
  await expect(ann.id('v6.digests').locator('li')).toHaveCount(2);
  await expect(ann.id('v6.digests')).toContainText('digest checked');
  await expect(ann.id('v6.network')).toContainText('(in ');
  await leave(ann);
});

test('files lead to their messages and are saved, counted and removed together', async ({ browser }) => {
  const ann = await withFiles(browser);
  await ann.id('v1.menu').click();
  await ann.id('v1.menu-media').click();
  await ann.id('v3.tab-files').click();
  await expect(ann.id('v1.file')).toHaveCount(2);
  await ann.id('v3.show').first().click();
  await expect(ann.screen('v1')).toBeVisible();
  await expect(ann.id('v1.message').last()).toHaveClass(/marked-row/);

  await ann.page.goBack();
  await ann.id('v3.tab-links').click();
  await ann.id('v3.link').click();
  await expect(ann.message('See https://example.org/one')).toHaveClass(/marked-row/);

  await ann.page.goBack();
  await ann.id('v3.tab-files').click();
  await ann.id('v3.choose').click();
  await ann.id('v3.choice').first().check();
  await ann.id('v3.choice').last().check();
  await expect(ann.id('v3.count')).toContainText('2 files');
  await ann.page.screenshot({ path: test.info().outputPath('chosen.png') });
  const download = ann.page.waitForEvent('download');
  await ann.id('v3.save').click();
  const path = join(mkdtempSync(join(tmpdir(), 'onionskin-zip-')), 'files.zip');
  const saved = await download;
  expect(saved.suggestedFilename()).toBe('files.zip');
  await saved.saveAs(path);
  // Another reader of the format agrees.
  const script = 'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print({n: z.read(n).decode() for n in z.namelist()})';
  expect(execFileSync('python3', ['-c', script, path]).toString().trim()).toBe("{'list.txt': 'two\\n', 'list (2).txt': 'one\\n'}");

  await ann.id('v3.choose').click();
  await ann.id('v3.choice').first().check();
  await ann.id('v3.delete').click();
  await ann.id('v7.delete').click();
  await expect(ann.id('v1.file')).toHaveCount(1);
  await ann.id('toast.undo').click();
  await expect(ann.id('v1.file')).toHaveCount(2);

  await ann.id('v3.back').click();
  const single = ann.page.waitForEvent('download');
  await ann.id('v1.message').last().focus();
  await ann.page.keyboard.press('Enter');
  await ann.id('v1.menu-save').click();
  expect((await single).suggestedFilename()).toBe('list.txt');

  await ann.message('See https://example.org/one').focus();
  await ann.page.keyboard.press('s');
  await ann.id('v1.details').click();
  await expect(ann.id('v2.media')).toContainText('Files2');
  await expect(ann.id('v2.media')).toContainText('Links1');
  await expect(ann.id('v2.starred').getByTestId('s1.hit')).toContainText('example.org');

  // What is pinned stands in its list, leads to its place and is unpinned there.
  await expect(ann.id('v2.pinned-none')).toBeVisible();
  await ann.message('See https://example.org/one').focus();
  await ann.page.keyboard.press('Enter');
  await ann.id('v1.menu-pin').click();
  await expect(ann.id('v2.pinned-message')).toContainText('example.org');
  await expect(ann.message('See https://example.org/one').getByTestId('v1.pinned')).toBeVisible();
  await ann.id('v2.pinned-message').click();
  await expect(ann.message('See https://example.org/one')).toHaveClass(/marked-row/);
  await ann.id('v1.details').click();
  await ann.id('v2.unpin').click();
  await expect(ann.id('v2.pinned-none')).toBeFocused();
  await expect(ann.id('v1.pinned')).toHaveCount(0);

  await ann.id('v2.label').fill('tea');
  await ann.id('v2.save-label').click();
  await expect(ann.id('c1.row-label')).toHaveText('tea');

  // A copy for people and programs, with the files in it.
  await ann.id('v2.export').click();
  await ann.id('d2.files').check();
  await ann.page.screenshot({ path: test.info().outputPath('export.png') });
  const exported = ann.page.waitForEvent('download');
  await ann.id('d2.export').click();
  const copy = await exported;
  expect(copy.suggestedFilename()).toMatch(/^conversation-\d{8}\.zip$/);
  await copy.saveAs(path);
  const look = [
    'import sys,zipfile,json',
    'z=zipfile.ZipFile(sys.argv[1])',
    "m=json.loads(z.read('messages.json'))",
    "print(sorted(z.namelist()), [one['text'] for one in m], z.read(m[1]['files'][0]['stored']).decode(), z.read('messages.html').decode().count('<li'))",
  ].join('; ');
  expect(execFileSync('python3', ['-c', look, path]).toString().trim()).toBe(
    "['file-0001.txt', 'file-0002.txt', 'messages.html', 'messages.json'] ['See https://example.org/one', '', ''] one\n 3",
  );

  // Files are counted, and leave this device without their messages. Who goes there in the moment in which a layer closes
  // gets there.
  await ann.page.evaluate(() => {
    document.querySelector<HTMLElement>('[data-testid="d2.close"]')!.click();
    location.hash = '#/settings/storage';
  });
  await expect(ann.id('x7.file')).toHaveCount(2);
  await expect(ann.id('x7.used')).toBeVisible();
  await expect(ann.id('x7.preview')).toContainText('0 files');
  await expect(ann.id('x7.free')).toBeDisabled();
  await ann.id('x7.age').selectOption('0');
  await expect(ann.id('x7.preview')).toContainText('2 files');
  await ann.page.screenshot({ path: test.info().outputPath('storage.png') });
  await ann.id('x7.free').click();
  await ann.id('x7.free-sure').click();
  await expect(ann.id('x7.none')).toBeVisible();
  await ann.openRow('Note to Self');
  for (const file of await ann.id('v1.file').all()) await expect(file).toHaveAttribute('data-file', 'remote');
  await ann.id('v1.file-load').first().click();
  await expect(ann.id('v1.file').first()).toHaveAttribute('data-file', 'here', { timeout: 60_000 });
  await ann.page.screenshot({ path: test.info().outputPath('details.png'), fullPage: true });
  await leave(ann);
});

test('what could run programs is no picture, whatever it calls itself', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  await ann.id('v1.attach-input').setInputFiles({ name: 'holiday.exe', mimeType: 'image/jpeg', buffer: Buffer.from('MZ and so on') });
  await ann.id('v1.stage-whole').click();
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  await ann.id('v1.send').click();
  await expect(ann.id('v1.file')).toHaveAttribute('data-file', 'here', { timeout: 60_000 });
  await ann.page.goto(`${ann.page.url()}/media`);
  await expect(ann.id('v1.file')).toBeVisible();
  await expect(ann.id('v3.picture')).toHaveCount(0);
  await expect(ann.id('v1.picture')).toHaveCount(0);
  // Everything there is was read: nothing older is offered.
  await expect(ann.id('v3.more')).toHaveCount(0);
  await ann.id('v1.file-save').click();
  await expect(ann.id('v1.file-warning')).toBeVisible();
  const download = ann.page.waitForEvent('download');
  await ann.id('v1.file-save-anyway').click();
  expect((await download).suggestedFilename()).toBe('holiday.exe');
  await leave(ann);
});

test('files are called by what they show or how they are named', async ({ browser }) => {
  const ann = await withPictures(browser);
  await ann.id('v1.attach-input').setInputFiles({ name: 'paper.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') });
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  await ann.id('v1.send').click();
  await expect(ann.id('v1.file')).toHaveCount(3);
  await ann.page.goto(`${ann.page.url()}/media`);
  await expect(ann.page.getByRole('button', { name: 'all red' })).toBeVisible();
  await ann.id('v3.tab-files').click();
  await ann.id('v3.choose').click();
  await expect(ann.id('v3.choice')).toHaveAccessibleName(/paper\.pdf/);
  await leave(ann);
});

test('a picture that is loaded in the gallery is looked at there', async ({ browser }) => {
  const ann = await withPictures(browser);
  const conversation = ann.page.url();
  await ann.page.goto('/#/settings/storage');
  await ann.id('x7.age').selectOption('0');
  await ann.id('x7.free').click();
  await ann.id('x7.free-sure').click();
  await expect(ann.id('x7.none')).toBeVisible();
  await ann.page.goto(`${conversation}/media`);
  await expect(ann.id('v1.file')).toHaveCount(2);
  await ann.id('v1.file-load').first().click();
  await ann.id('v1.picture').click();
  await expect(ann.id('v5.picture')).toBeVisible();
  await ann.id('v5.close').click();
  await expect(ann.screen('v5')).toBeHidden();
  await leave(ann);
});

test('Back closes a picture and nothing else, and the keys of the browser stay its own', async ({ browser }) => {
  const ann = await withPictures(browser);
  const here = ann.page.url();
  await ann.id('v1.picture').first().click();
  await expect(ann.id('v5.picture')).toBeVisible();
  const taken = await ann.page.evaluate(() =>
    [
      { key: '-', ctrlKey: true },
      { key: '0', metaKey: true },
      { key: 'ArrowLeft', altKey: true },
      { key: '+', shiftKey: true },
    ].map((keys) => {
      const event = new KeyboardEvent('keydown', { ...keys, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    }),
  );
  expect(taken).toEqual([false, false, false, true]);
  await ann.page.goBack();
  await expect(ann.screen('v5')).toBeHidden();
  await expect(ann.screen('v1')).toBeVisible();
  expect(ann.page.url()).toBe(here);
  // Closed by its button it leaves nothing in the history: Back leaves the conversation.
  await ann.id('v1.picture').first().click();
  await expect(ann.id('v5.picture')).toBeVisible();
  await ann.id('v5.show').click();
  await expect(ann.screen('v5')).toBeHidden();
  await expect(ann.id('v1.message').last()).toHaveClass(/marked-row/);
  await leave(ann);
});

test('fingers part to see a picture larger, and one goes to the next', async ({ browser }) => {
  const ann = await withPictures(browser, { viewport: { width: 390, height: 800 }, hasTouch: true });
  await ann.id('v1.picture').first().click();
  await expect(ann.id('v5.picture')).toBeVisible();
  const touch = await ann.context.newCDPSession(ann.page);
  const send = (type: string, points: object[]) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points } as never);
  const swipe = async (across: number) => {
    await send('touchStart', [{ x: 195, y: 400 }]);
    for (let step = 1; step <= 6; step++) await send('touchMove', [{ x: 195 + (across * step) / 6, y: 400 }]);
    await send('touchEnd', []);
  };
  await expect(ann.id('v5.place')).toHaveText('1 of 2');
  await swipe(-30);
  await expect(ann.id('v5.place')).toHaveText('1 of 2');
  await swipe(-120);
  await expect(ann.id('v5.place')).toHaveText('2 of 2');
  await swipe(120);
  await expect(ann.id('v5.place')).toHaveText('1 of 2');
  await expect(ann.id('v5.picture')).toBeVisible();
  const pair = (apart: number) => [
    { x: 195 - apart / 2, y: 400, id: 0 },
    { x: 195 + apart / 2, y: 400, id: 1 },
  ];
  await send('touchStart', pair(60).slice(0, 1));
  await send('touchStart', pair(60));
  for (const apart of [80, 100, 120]) await send('touchMove', pair(apart));
  await send('touchEnd', []);
  await expect(ann.id('v5.zoom')).toHaveText('200 %');
  await expect(ann.id('v5.place')).toHaveText('1 of 2');
  await leave(ann);
});

test('a day of the calendar leads to what was said on it', async ({ browser }) => {
  const ann = await withFiles(browser);
  await ann.id('v1.menu').click();
  await ann.id('v1.menu-day').click();
  await expect(ann.id('v4.day')).toBeFocused();
  const day = await ann.page.evaluate(() => {
    const now = new Date();
    const two = (n: number) => String(n).padStart(2, '0');
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  });
  await ann.id('v4.day').fill(day);
  await expect(ann.message('See https://example.org/one')).toHaveClass(/marked-row/);
  // With words the day narrows the search.
  await ann.id('v4.query').fill('example');
  await expect(ann.id('v4.place')).toHaveText('1 of 1');
  await ann.id('v4.day').fill('2020-01-31');
  await expect(ann.id('v4.place')).toHaveText('Nothing found');
  await ann.id('v4.widen').click();
  await expect(ann.id('v4.day')).toHaveValue('');
  await expect(ann.id('v4.place')).toHaveText('1 of 1');
  await ann.page.screenshot({ path: test.info().outputPath('find.png') });
  await leave(ann);
});
