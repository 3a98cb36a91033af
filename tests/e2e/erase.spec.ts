// Erasing: one conversation, this account, everything on this device, and the account in the network as well.
import { Browser, Page, expect, test } from '@playwright/test';
import { Keep, PASSPHRASE, Person, axeFindsNothing, network } from './support';

// Faults of nodes hold for everybody who erases something in the network.
test.describe.configure({ mode: 'serial' });

async function arrive(browser: Browser, name: string, keep?: Keep): Promise<Person> {
  const person = await Person.arrive(browser, name);
  await person.create(keep);
  return person;
}

/** Goes where things are erased, and chooses what. */
async function choose(person: Person, what: string): Promise<void> {
  await person.page.goto('/#/settings/erase');
  await expect(person.screen('d3')).toBeVisible();
  await person.id(`d3.${what}`).check();
  await expect(person.id(`d3.lists-${what}`)).toBeVisible();
}

/** Holds a button down with the mouse for as long as it wants. */
async function hold(person: Person, testid: string): Promise<void> {
  await person.id(testid).hover();
  await person.page.mouse.down();
  await person.page.waitForTimeout(3_500);
  await person.page.mouse.up();
}

async function left(page: Page) {
  return page.evaluate(async () => ({
    databases: (await indexedDB.databases()).map((one) => one.name),
    local: { ...localStorage },
    session: { ...sessionStorage },
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
}

const NOTHING = { databases: [], local: {}, session: {}, caches: [], workers: 0 };

test('one conversation is erased with its contact, on both devices', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann', { kind: 'device' });
  const bob = await arrive(browser, 'Bob', { kind: 'device' });
  await ann.connected();
  await ann.openNew(await bob.accountId());
  await ann.send('hello Bob');
  await ann.stored('hello Bob');
  await bob.openRow('Ann');
  await bob.send('hello Ann');
  await ann.sees('hello Ann');
  const again = await Person.arrive(browser, 'Ann again');
  await again.restore(await ann.phrase(), { kind: 'device' });
  await expect(again.id('c1.row').filter({ hasText: 'Bob' })).toBeVisible({ timeout: 60_000 });

  await choose(ann, 'conversation');
  await axeFindsNothing(ann.page, 'd3 conversation');
  await expect(ann.id('d3.erase')).toBeDisabled();
  await ann.id('d3.which').selectOption({ label: 'Bob' });
  await ann.id('d3.erase').click();
  await expect(ann.id('d3.erase')).toHaveText(/for good/);
  await ann.id('d3.erase').click();
  await expect(ann.id('d3.which').locator('option').filter({ hasText: 'Bob' })).toHaveCount(0);
  await expect(ann.id('c1.row').filter({ hasText: 'Bob' })).toHaveCount(0);
  await expect(again.id('c1.row').filter({ hasText: 'Bob' })).toHaveCount(0, { timeout: 60_000 });
  // Bob has what Bob has.
  await bob.sees('hello Bob');
  for (const person of [ann, bob, again]) {
    expect(person.errors).toEqual([]);
    await person.leave();
  }
});

test('this account goes from this device, by keys alone, and leaves a receipt', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.page.goto('/#/settings/erase');
  await expect(ann.screen('d3')).toBeVisible();
  await axeFindsNothing(ann.page, 'd3 account');
  await ann.id('d3.account').focus();
  await ann.page.keyboard.press('Tab');
  await expect(ann.id('d3.passphrase')).toBeFocused();
  await ann.page.keyboard.type('not the passphrase');
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('d3.error')).toHaveAttribute('data-code', 'VAULT-PASS');
  await ann.id('d3.passphrase').focus();
  await ann.page.keyboard.type(PASSPHRASE);
  await ann.page.keyboard.press('Enter');
  await expect(ann.screen('w1')).toBeVisible();
  const receipt = ann.id('d3.receipt');
  await expect(receipt).toContainText('1 account was removed');
  await expect(receipt).not.toContainText(/05[0-9a-f]{6}/);
  await axeFindsNothing(ann.page, 'w1 with a receipt');
  await ann.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await ann.id('d3.receipt-copy').click();
  const copied = await ann.page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split('\n').length).toBeGreaterThanOrEqual(3);
  expect(copied).not.toMatch(/[0-9a-f]{16}/);
  expect(await left(ann.page)).toEqual(NOTHING);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('everything goes from this device: a locked account, one in another tab, choices and caches', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.page.goto('/#/settings');
  await ann.id('x2.theme-dark').check();
  await ann.id('rail.lock').click();
  await expect(ann.screen('l1')).toBeVisible();
  // A second account in the same browser, and a third one in another tab.
  await ann.id('l1.other').click();
  await ann.id('w2.name').fill('Bea');
  await ann.id('w2.keep-device').check();
  await ann.id('w2.protect-none').check();
  await ann.id('w2.accept-none').check();
  await ann.id('w2.start').click();
  await expect(ann.screen('c1')).toBeVisible();
  const tab = Person.at(await ann.context.newPage(), 'Cleo');
  await tab.page.goto('/#/create');
  await tab.id('w2.name').fill('Cleo');
  await tab.id('w2.keep-device').check();
  await tab.id('w2.protect-none').check();
  await tab.id('w2.accept-none').check();
  await tab.id('w2.start').click();
  await expect(tab.screen('c1')).toBeVisible();
  await ann.page.evaluate(async () => {
    const cache = await caches.open('left-over');
    await cache.put('/x', new Response('x'));
    sessionStorage.setItem('left', 'over');
  });

  await choose(ann, 'everything');
  await axeFindsNothing(ann.page, 'd3 everything');
  await hold(ann, 'd3.erase');
  await expect(ann.screen('w1')).toBeVisible();
  await expect(ann.id('ended')).toContainText('Everything was erased');
  await expect(ann.id('d3.receipt')).toContainText('3 accounts were removed');
  await expect(ann.id('d3.receipt')).toContainText('1 store of app files');
  expect(await left(ann.page)).toEqual(NOTHING);
  // The other tab says what became of it, and brings nothing back.
  await expect(tab.screen('w1')).toBeVisible();
  await expect(tab.id('ended')).toContainText('in another tab');
  await tab.page.reload();
  await expect(tab.screen('w1')).toBeVisible();
  await expect(tab.id('ended'), 'it was erased, not lost').toHaveCount(0);
  expect(await left(tab.page)).toEqual(NOTHING);
  await ann.leave();
});

test('a locked account whose passphrase is lost is erased from the lock screen', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.id('rail.lock').click();
  await expect(ann.screen('l1')).toBeVisible();
  await ann.id('l1.forgot').click();
  await ann.id('l1.erase').click();
  await expect(ann.id('d3.lists-account')).toBeVisible();
  await axeFindsNothing(ann.page, 'l1 erase');
  // Held too short, nothing happens.
  await ann.id('l1.erase-sure').click();
  await expect(ann.screen('l1')).toBeVisible();
  await ann.id('l1.erase-sure').focus();
  await ann.page.keyboard.down('Space');
  await expect(ann.screen('w1')).toBeVisible();
  await ann.page.keyboard.up('Space');
  await expect(ann.id('d3.receipt')).toContainText('1 account was removed');
  expect(await left(ann.page)).toEqual(NOTHING);
  await ann.leave();
});

test('this account goes from the network: each node tells, the one that refuses is asked again, and then from here', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann', { kind: 'device' });
  await ann.connected();
  const id = await ann.accountId();
  await ann.openNew(id);
  await ann.send('a note');
  await ann.stored('a note');
  await ann.page.goto('/#/settings/devices');
  await expect(ann.id('x5.state')).toHaveAttribute('data-sync', 'settled');

  await choose(ann, 'network');
  await axeFindsNothing(ann.page, 'd3 network');
  // One node of the swarm refuses.
  await ann.page.goto('/#/network');
  const key = await ann.id('p1.swarm-node').locator('code').first().getAttribute('title');
  const nodes = await network.nodes();
  const node = nodes.find((one) => key && one.ed25519 === key);
  expect(node, 'the network page names the members of the swarm').toBeTruthy();
  await network.fault(node?.index ?? 0, 'refuse_deletes');
  try {
    await choose(ann, 'network');
    await hold(ann, 'd3.erase');
    await expect(ann.id('d3.summary')).toBeVisible({ timeout: 90_000 });
    await expect(ann.page.locator('[data-testid="d3.node"][data-outcome="refused"]')).toHaveCount(1);
    await expect(ann.page.locator('[data-testid="d3.node"][data-outcome="confirmed"]')).not.toHaveCount(0);
    await axeFindsNothing(ann.page, 'd3 answers');
  } finally {
    await network.fault(node?.index ?? 0, 'start');
  }
  await ann.id('d3.retry').click();
  await expect(ann.page.locator('[data-testid="d3.node"]:not([data-outcome="confirmed"])')).toHaveCount(0, { timeout: 90_000 });
  await expect(ann.id('d3.retry')).toHaveCount(0);
  // Nothing is sent from here until the person decides, also after a reload.
  await expect(ann.id('d3.stopped')).toBeVisible();
  await ann.page.reload();
  await expect(ann.id('d3.stopped')).toBeVisible();
  await ann.page.goto('/#/settings/devices');
  await expect(ann.id('x5.state')).toHaveAttribute('data-sync', 'stopped');
  await ann.page.goto('/#/chats');
  await expect(ann.id('c1.stopped')).toBeVisible();
  await axeFindsNothing(ann.page, 'c1 stopped');
  // A fresh device finds neither name nor note.
  const phrase = await ann.phrase();
  const again = await Person.arrive(browser, 'Ann again');
  await again.restore(phrase);
  await again.connected();
  await again.page.waitForTimeout(15_000);
  await again.page.goto('/#/settings');
  await expect(again.id('x1.name')).toHaveValue('');
  await expect(again.page.getByText('a note', { exact: true })).toHaveCount(0);
  await again.leave();

  await ann.id('c1.stopped-open').click();
  await hold(ann, 'd3.erase-here');
  await expect(ann.screen('w1')).toBeVisible();
  await expect(ann.id('d3.receipt')).toContainText('1 account was removed');
  expect(await left(ann.page)).toEqual(NOTHING);
  await ann.leave();
});

test('who goes on with an account that was erased in the network has it stored again', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann', { kind: 'device' });
  await ann.connected();
  await ann.page.goto('/#/settings/devices');
  await expect(ann.id('x5.state')).toHaveAttribute('data-sync', 'settled');
  await choose(ann, 'network');
  await hold(ann, 'd3.erase');
  await expect(ann.id('d3.summary')).toBeVisible({ timeout: 90_000 });
  await ann.id('d3.go-on').click();
  await expect(ann.id('d3.stopped')).toHaveCount(0);
  await ann.page.goto('/#/settings/devices');
  await expect(ann.id('x5.state')).toHaveAttribute('data-sync', 'settled', { timeout: 90_000 });
  const again = await Person.arrive(browser, 'Ann again');
  await again.restore(await ann.phrase());
  await again.page.goto('/#/settings');
  await expect(again.id('x1.name')).toHaveValue('Ann', { timeout: 60_000 });
  await ann.leave();
  await again.leave();
});

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the page looks right at ${width} px, ${colorScheme}`, async ({ browser }, info) => {
      const ann = await Person.arrive(browser, 'Ann', { viewport: { width, height: 800 }, colorScheme });
      await ann.create();
      for (const what of ['conversation', 'account', 'everything', 'network']) {
        await choose(ann, what);
        await axeFindsNothing(ann.page, what);
        const overflow = await ann.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(overflow, `${what} scrolls sideways`).toBeLessThanOrEqual(0);
        await ann.page.screenshot({ path: info.outputPath(`${what}.png`) });
      }
      await ann.leave();
    });
  }
}
