// All media of a conversation: from each to its message, several saved as one archive, and what the details count of them.
import { Browser, expect, test } from '@playwright/test';
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

async function leave(person: Person): Promise<void> {
  expect(person.errors, `${person.name} saw errors`).toEqual([]);
  await person.leave();
}

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
