// The browser's storage runs out: it is told in time, text still finds a place, files are shown without being kept.
import { Browser, expect, test } from '@playwright/test';
import { ORIGIN, Person, axeFindsNothing } from './support';

/** A browser that tells of so much used of 1,000 MB, as `window.used` says (MB). */
async function arrive(browser: Browser, used: number): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript((used) => {
    const told = window as unknown as { used: number };
    told.used = used;
    StorageManager.prototype.estimate = async () => ({ usage: told.used * 1_000_000, quota: 1_000_000_000 });
  }, used);
  const person = Person.at(await context.newPage(), 'Ann');
  await person.page.goto('/');
  await person.create({ kind: 'device' });
  return person;
}

test('from four fifths on a banner leads to where room is made, and can be put off for a day', async ({ browser }) => {
  const ann = await arrive(browser, 850);
  await expect(ann.id('c1.room')).toHaveAttribute('data-room', 'tight');
  await axeFindsNothing(ann.page, 'c1 with little room');
  await ann.id('c1.room-open').click();
  await expect(ann.screen('x7')).toBeVisible();
  await expect(ann.id('x7.tight')).toBeVisible();
  await expect(ann.id('x7.used')).toContainText('850');
  await ann.id('c1.room-dismiss').click();
  await expect(ann.id('c1.room')).toHaveCount(0);
  await ann.page.reload();
  await expect(ann.screen('x7')).toBeVisible();
  await expect(ann.id('x7.tight'), 'where room is made it is still told').toBeVisible();
  await expect(ann.id('c1.room')).toHaveCount(0);
  // Less room is news.
  await ann.page.evaluate(() => Object.assign(window, { used: 960 }));
  await ann.page.goto('/#/settings');
  await ann.page.goto('/#/settings/storage');
  await expect(ann.id('c1.room')).toHaveAttribute('data-room', 'full');
  // After a day it is told again.
  await ann.id('c1.room-dismiss').click();
  await expect(ann.id('c1.room')).toHaveCount(0);
  await ann.page.evaluate(() => {
    const [word] = (localStorage.getItem('onionskin.room') ?? '').split(' ');
    localStorage.setItem('onionskin.room', `${word} 1000`);
  });
  await ann.page.reload();
  await expect(ann.id('c1.room')).toBeVisible();
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('with plenty of room nobody is told anything', async ({ browser }) => {
  const ann = await arrive(browser, 790);
  await ann.page.goto('/#/settings/storage');
  await expect(ann.id('x7.used')).toContainText('790');
  await expect(ann.id('x7.tight')).toHaveCount(0);
  await expect(ann.id('c1.room')).toHaveCount(0);
  await ann.leave();
});

test('near the end no file is taken into the composer, and text goes on', async ({ browser }) => {
  const ann = await arrive(browser, 960);
  await ann.connected();
  await expect(ann.id('c1.room')).toHaveAttribute('data-room', 'full');
  await ann.openNew(await ann.accountId());
  await ann.id('v1.attach-input').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('some notes') });
  await expect(ann.page.locator('[data-code="STORE-FULL"]')).toBeVisible();
  await ann.send('a word instead');
  await ann.stored('a word instead');
  await ann.leave();
});

test('when the browser takes no more, what is written uses the room kept for it, and the app says so', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'device' });
  await ann.connected();
  await ann.openNew(await ann.accountId());
  await ann.send('before');
  await ann.stored('before');
  // The room for text is laid in a few seconds after the account was opened.
  const reserve = () =>
    ann.page.evaluate(async () => {
      const name = (await indexedDB.databases()).map((one) => one.name ?? '').find((one) => one.startsWith('onionskin-'));
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name ?? '');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const size = await new Promise<number>((resolve, reject) => {
        const request = database.transaction('owner').objectStore('owner').get('reserve');
        request.onsuccess = () => resolve((request.result as Uint8Array | undefined)?.length ?? 0);
        request.onerror = () => reject(request.error);
      });
      database.close();
      return size;
    });
  await expect.poll(reserve, { timeout: 30_000 }).toBe(2 * 1024 * 1024);
  const { usage } = await ann.page.evaluate(() => navigator.storage.estimate());
  const devtools = await ann.context.newCDPSession(ann.page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: ORIGIN, quotaSize: (usage ?? 0) + 1_000 });
  for (const text of ['one', 'two', 'three']) await ann.send(`${text} ${'x'.repeat(600)}`);
  await expect(ann.page.locator('[data-code="STORE-RESERVE"]')).toBeVisible();
  expect(await reserve()).toBe(0);
  await ann.stored(`three ${'x'.repeat(600)}`);
  await expect(ann.id('c1.room')).toHaveAttribute('data-room', 'full');
  // The account opens all the same, with everything that was written.
  await ann.page.reload();
  await expect(ann.page.locator('[data-message]').filter({ hasText: 'three' })).toBeVisible();
  await ann.leave();
});
