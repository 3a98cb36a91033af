// Ways of a person through several screens, where something gets between: no network, reloads, a lock.
import { expect, test } from '@playwright/test';
import { Person, axeFindsNothing, network } from './support';

test('without a network a new account has its code at once', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const arrived: string[] = [];
  ann.context.on('requestfinished', (request) => arrived.push(request.url()));
  // What a first account needs is fetched beside the first screens.
  await ann.page.reload();
  await expect(ann.screen('w1')).toBeVisible();
  await ann.id('w1.create').click();
  await expect(ann.screen('w2')).toBeVisible();
  const fetched = (part: string) => expect.poll(() => arrived.some((url) => url.includes(`/${part}-`)), { message: part }).toBe(true);
  for (const part of ['page', 'worker', 'inside']) await fetched(part);
  await ann.context.setOffline(true);
  await ann.id('w2.name').fill('Ann');
  await ann.id('w2.keep-temporary').check();
  await ann.id('w2.start').click();
  await expect(ann.screen('c1')).toBeVisible();
  await ann.accountId();
  await ann.id('n1.show-qr').click();
  await expect(ann.id('n1.qr')).toBeVisible();
  await ann.context.setOffline(false);
  await ann.leave();
});

test('twenty messages written offline survive two reloads and arrive once and in order', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await ann.create({ kind: 'device' });
  await bob.create({ kind: 'temporary' });
  await ann.connected();
  await bob.connected();
  await ann.openNew(await bob.accountId());
  await ann.send('before');
  await bob.openRow('Ann');
  await bob.send('I am here');
  await ann.sees('I am here');

  // The relay is still there for the page itself; nothing of the network answers.
  await ann.context.route('**/*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  const written = Array.from({ length: 20 }, (_, n) => `offline ${n + 1}`);
  for (const text of written.slice(0, 10)) await ann.send(text);
  await ann.page.reload();
  await ann.openRow('Bob');
  for (const text of written.slice(10)) await ann.send(text);
  await ann.page.reload();
  await ann.openRow('Bob');
  await expect(ann.message('offline 20')).toHaveCount(1);
  await ann.context.unroute('**/*');

  await bob.sees('offline 20', 120_000);
  await expect(async () => expect(await bob.texts()).toEqual(['before', 'I am here', ...written])).toPass({ timeout: 60_000 });
  await ann.stored('offline 20');
  expect(await ann.texts()).toEqual(['before', 'I am here', ...written]);
  await ann.leave();
  await bob.leave();
});

test('a draft and an upload outlast a lock', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await ann.create();
  await bob.create({ kind: 'temporary' });
  await ann.connected();
  await bob.connected();
  await ann.openNew(await bob.accountId());
  await ann.send('hello Bob');
  await bob.openRow('Ann');
  await bob.send('hello Ann');
  await ann.sees('hello Ann');

  // The upload begins and nothing of the network answers any more.
  await ann.id('v1.attach-input').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.alloc(300_000, 'note ') });
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  await expect(ann.id('v1.stage-busy')).toHaveCount(0);
  await ann.context.route('**/*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await ann.id('v1.composer').fill('here they are');
  await ann.id('v1.send').click();
  await expect(ann.message('here they are')).toBeVisible();
  await ann.id('v1.composer').fill('and one more wo');
  await ann.id('rail.lock').click();
  await expect(ann.screen('l1')).toBeVisible();
  await ann.context.unroute('**/*');
  await ann.unlock();
  await ann.openRow('Bob');
  await expect(ann.id('v1.composer')).toHaveValue('and one more wo');
  await ann.stored('here they are', 120_000);
  await bob.sees('here they are', 120_000);
  await expect(bob.message('here they are')).toContainText('notes.txt');
  await ann.leave();
  await bob.leave();
});

test('a full storage and a damaged record each say so, and what can go on goes on', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'device' });
  await ann.connected();
  await ann.openNew(await ann.accountId());
  const long = 'a long note '.repeat(150).trim();
  await ann.send('before');
  await ann.send(long);
  await ann.send('after');
  await ann.stored('after');

  // The browser grants hardly more than what is there.
  const devtools = await ann.context.newCDPSession(ann.page);
  const origin = new URL(ann.page.url()).origin;
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000 });
  await ann.id('v1.composer').fill('no room for this');
  await ann.id('v1.send').click();
  await expect(ann.page.getByText('STORE-FULL').first()).toBeVisible();
  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  // What there was no room for is in the composer; small things may have found some.
  await expect(ann.message('no room for this').or(ann.page.locator('textarea[data-testid="v1.composer"]:not(:placeholder-shown)')).first()).toBeVisible();
  if ((await ann.id('v1.composer').inputValue()) !== '') await ann.id('v1.send').click();
  await ann.stored('no room for this');
  await expect(ann.message('no room for this')).toHaveCount(1);

  // One record is spoilt: the one that is as long as the long note.
  const spoilt = await ann.page.evaluate(async (least) => {
    let found = 0;
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name ?? '');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const store of Array.from(database.objectStoreNames)) {
        const transaction = database.transaction(store, 'readwrite');
        const done = new Promise((resolve) => (transaction.oncomplete = resolve));
        const cursor = transaction.objectStore(store).openCursor();
        cursor.onsuccess = () => {
          const at = cursor.result;
          if (!at) return;
          const value = at.value as ArrayBuffer | Uint8Array;
          const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
          if (bytes instanceof Uint8Array && bytes.length >= least && bytes.length < least + 600) {
            bytes[bytes.length - 20] ^= 1;
            at.update(value);
            found += 1;
          }
          at.continue();
        };
        await done;
      }
      database.close();
    }
    return found;
  }, long.length);
  expect(spoilt).toBeGreaterThan(0);
  await ann.page.reload();
  await ann.openRow('Note to Self');
  await expect(ann.page.getByText('VAULT-DAMAGED').first()).toBeVisible();
  await ann.sees('before');
  await ann.sees('after');
  await ann.send('it goes on');
  await ann.stored('it goes on');
  await ann.leave();
});

test('what the browser removed is said, and the phrase brings the account back', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'device' });
  const id = await ann.accountId();
  const phrase = await ann.phrase();
  // A file of this origin, without the app.
  await ann.page.goto('/init.js');
  await ann.page.evaluate(async () => {
    for (const { name } of await indexedDB.databases()) {
      await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name ?? '');
        request.onsuccess = resolve;
        request.onerror = () => reject(request.error);
      });
    }
  });
  // For that the browser misses an icon.
  ann.errors.length = 0;
  await ann.page.goto('/');
  await expect(ann.screen('w1')).toBeVisible();
  await expect(ann.id('ended')).toHaveAttribute('data-code', 'STORE-EVICTED');
  await ann.restore(phrase, { kind: 'device' });
  expect(await ann.accountId()).toBe(id);
  await ann.page.reload();
  await expect(ann.screen('c1')).toBeVisible();
  await expect(ann.id('ended')).toHaveCount(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('a clock that is wrong is named with what to do, and nothing waits for it', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  await ann.connected();
  await ann.openNew(await ann.accountId());
  try {
    // All nodes are a quarter of an hour ahead: so it is ours that is wrong.
    await network.skew(15 * 60_000);
    await ann.send('at whatever time');
    await ann.stored('at whatever time');
    await ann.page.goto('/#/network');
    await expect(ann.page.getByText('NET-CLOCK').first()).toBeVisible({ timeout: 60_000 });
  } finally {
    await network.skew(0);
  }
  await expect(ann.page.getByText('NET-CLOCK')).toHaveCount(0, { timeout: 60_000 });
  await ann.leave();
});

test('another language, high contrast and text of double size leave every screen usable', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann', { viewport: { width: 640, height: 900 } });
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  await ann.send('eine Notiz');
  await ann.page.goto('/#/settings');
  await ann.id('x2.theme-hc-dark').check();
  await ann.id('x8.language').selectOption('de');
  await expect(ann.page.locator('html')).toHaveAttribute('lang', 'de');
  await ann.page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  const { origin } = new URL(ann.page.url());
  for (const route of ['chats', 'new', 'search', 'settings', 'settings/privacy', 'settings/notifications', 'settings/devices', 'settings/storage', 'network', 'network/path', 'starred', 'archive', 'requests']) {
    await ann.page.goto(`${origin}/#/${route}`);
    await expect(ann.page.locator('h1').first()).toBeVisible();
    const wider = await ann.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wider, route).toBeLessThanOrEqual(0);
    await axeFindsNothing(ann.page, route);
  }
  expect(ann.errors).toEqual([]);
  await ann.leave();
});
