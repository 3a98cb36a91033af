// Notifications: what they tell, when there are none, when they go again, and what can be chosen on them. The browser keeps real
// ones; nobody can press them here, so what the browser would tell the service worker is told to it.
import { Browser, Worker, expect, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { ORIGIN, PASSPHRASE, Person, axeFindsNothing } from './support';

type Shown = { title: string; body: string; tag: string; actions: string[]; data: unknown };

/** A person whose window never has the focus; `allowed`: their browser allows notifications. */
async function arrive(browser: Browser, name: string, allowed = true): Promise<Person> {
  const person = await Person.arrive(browser, name);
  if (allowed) await person.context.grantPermissions(['notifications'], { origin: ORIGIN });
  await person.context.addInitScript(() => {
    let badge = 0;
    Object.assign(window, { badge: () => badge });
    Object.assign(navigator, { setAppBadge: async (n: number) => void (badge = n), clearAppBadge: async () => void (badge = 0) });
    document.hasFocus = () => false;
  });
  await person.page.reload();
  return person;
}

const shown = (person: Person): Promise<Shown[]> =>
  person.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const all = (await registration?.getNotifications()) ?? [];
    return all.map((one) => {
      const actions = (one as unknown as { actions: { action: string }[] }).actions;
      return { title: one.title, body: one.body, tag: one.tag, actions: actions.map(({ action }) => action), data: one.data };
    });
  });
const standing = async (person: Person) => (await shown(person)).map(({ title, body }) => `${title}: ${body}`);
const badge = (person: Person) => person.page.evaluate(() => (window as unknown as { badge: () => number }).badge());

async function worker(person: Person): Promise<Worker> {
  return person.context.serviceWorkers()[0] ?? (await person.context.waitForEvent('serviceworker'));
}

/** What the browser does when somebody presses the one notification that stands there, or chooses something on it. */
async function choose(person: Person, action = '', reply: string | null = null): Promise<void> {
  await (await worker(person)).evaluate(
    async ([action, reply]) => {
      const scope = self as unknown as {
        registration: ServiceWorkerRegistration;
        NotificationEvent: new (type: string, init: object) => Event;
      };
      const [notification] = await scope.registration.getNotifications();
      const event = new scope.NotificationEvent('notificationclick', { notification, action, reply });
      let done = Promise.resolve();
      // An event that a script made cannot be waited for otherwise.
      Object.defineProperty(event, 'waitUntil', { value: (work: Promise<void>) => void (done = work) });
      dispatchEvent(event);
      // Without a real press no window may be opened or brought to the front.
      await done.catch(() => undefined);
    },
    [action, reply] as const,
  );
}

/** Two people who accepted each other; Bob has notifications, and looks at another screen. */
async function pair(browser: Browser, detail: string): Promise<[Person, Person]> {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await ann.create({ kind: 'temporary' });
  await bob.create({ kind: 'passphrase', passphrase: PASSPHRASE });
  await acquaint(ann, bob);
  await bob.page.goto('/#/settings/notifications');
  await bob.id('x6.on').check();
  await bob.id(`x6.detail-${detail}`).check();
  await expect(bob.id(`x6.detail-${detail}`)).toBeChecked();
  return [ann, bob];
}

async function acquaint(ann: Person, bob: Person): Promise<void> {
  const bobId = await bob.accountId();
  await ann.connected();
  await bob.connected();
  await ann.openNew(bobId);
  await ann.send('Hello Bob');
  await bob.openRow('Ann');
  await bob.send('Hello Ann');
  await ann.sees('Hello Ann', 90_000);
}

async function leave(...people: Person[]): Promise<void> {
  for (const person of people) {
    expect(person.errors, `${person.name} saw errors`).toEqual([]);
    await person.leave();
  }
}

const patience = { timeout: 60_000 };

test('a notification tells name and text, its press opens the message, and reading closes it', async ({ browser }) => {
  const [ann, bob] = await pair(browser, 'text');
  await ann.send('Are you there?');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: Are you there?']);
  const [first] = await shown(bob);
  await expect(bob.page).toHaveTitle('(1) Onionskin');
  expect(await badge(bob)).toBe(1);
  await choose(bob);
  await expect(bob.screen('v1')).toBeVisible();
  await expect(bob.message('Are you there?')).toHaveClass(/marked-row/);
  await expect.poll(() => standing(bob), patience).toEqual([]);
  await expect(bob.page).toHaveTitle('Onionskin');
  expect(await badge(bob)).toBe(0);

  // Several messages are one notification with their number; what is taken back is not told of any more.
  await bob.page.goto('/#/settings/notifications');
  await bob.id('x6.badge-messages').check();
  await ann.send('First');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: First']);
  // What names the conversation to the system is drawn anew, and nothing else is given to it.
  const [second] = await shown(bob);
  expect(second.tag).toMatch(/^[0-9a-f]{32}-[0-9a-f]{16}$/);
  expect(second.tag).not.toBe(first.tag);
  expect(second.data).toContain('was not sent');
  await ann.send('Second');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: 2 new messages']);
  expect(await badge(bob)).toBe(2);
  await bob.id('x6.badge-off').check();
  await expect.poll(() => badge(bob)).toBe(0);
  // The tab can keep to itself what it is.
  await bob.page.goto('/#/settings');
  await bob.id('x2.neutral').check();
  await expect(bob.page).toHaveTitle('(1) Overview');
  await expect(bob.page.locator('link[rel="icon"]')).toHaveAttribute('href', '/icons/plain.svg');
  await bob.id('x2.neutral').uncheck();
  await expect(bob.page).toHaveTitle('(1) Onionskin');
  const takeBack = async (text: string) => {
    await ann.stored(text);
    await ann.message(text).focus();
    await ann.page.keyboard.press('Delete');
    await ann.id('v7.everyone').check();
    await ann.id('v7.delete').click();
    await expect(ann.message(text)).toHaveCount(0);
  };
  await takeBack('Second');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: First']);
  await takeBack('First');
  await expect.poll(() => standing(bob), patience).toEqual([]);
  await leave(ann, bob);
});

test('a notification can be answered, marked as read and silenced, and leads nowhere once its page is gone', async ({ browser }) => {
  const [ann, bob] = await pair(browser, 'text');
  const row = bob.id('c1.row').filter({ hasText: 'Ann' });
  await ann.send('Are you coming?');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: Are you coming?']);
  const most = await bob.page.evaluate(() => (Notification as unknown as { maxActions: number }).maxActions);
  expect((await shown(bob))[0].actions).toEqual(['reply', 'read', 'mute'].slice(0, most));
  await choose(bob, 'reply', 'In a minute');
  await ann.sees('In a minute', 90_000);
  await expect.poll(() => standing(bob), patience).toEqual([]);
  await expect(row.getByTestId('c1.unread')).toHaveCount(0);
  // Nothing was opened for it.
  await expect(bob.page).toHaveURL(/settings\/notifications$/);

  await bob.id('x6.reply').uncheck();
  await ann.send('Fine');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: Fine']);
  expect((await shown(bob))[0].actions).toEqual(['read', 'mute'].slice(0, most));
  await expect(row.getByTestId('c1.unread')).toBeVisible();
  await choose(bob, 'read');
  await expect(row.getByTestId('c1.unread')).toHaveCount(0);
  await expect.poll(() => standing(bob), patience).toEqual([]);

  await ann.send('One more thing');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: One more thing']);
  await choose(bob, 'mute');
  await expect(row.getByTestId('c1.row-muted')).toBeVisible();
  await expect.poll(() => standing(bob), patience).toEqual([]);
  await row.click({ button: 'right' });
  await bob.id('c1.mute').click();
  await bob.id('c1.unmute').click();
  await expect(row.getByTestId('c1.row-muted')).toHaveCount(0);

  // A reply without words, as where the system has no field for them, opens the conversation.
  await ann.send('Last one');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: Last one']);
  await choose(bob, 'reply');
  await expect(bob.screen('v1')).toBeVisible();
  await expect.poll(() => standing(bob), patience).toEqual([]);

  // A page that dies leaves its notification: nobody knows any more what it meant, and an answer is not taken for sent.
  await bob.page.goto('/#/settings');
  await ann.send('Into the void');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: Into the void']);
  const vault = (await shown(bob))[0].tag.split('-')[0];
  await bob.page.keyboard.press('Alt+Shift+KeyL');
  await expect(bob.screen('l1')).toBeVisible();
  await expect.poll(() => standing(bob), patience).toEqual([]);
  await bob.page.evaluate(async (tag) => {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.showNotification('Ann', { body: 'Left behind', tag, data: 'It was not sent.' });
  }, `${vault}-0123456789abcdef`);
  await choose(bob, 'reply', 'Never to be seen');
  await expect.poll(() => standing(bob), patience).toEqual(['It was not sent.: ']);
  await bob.page.evaluate(async (tag) => {
    const registration = await navigator.serviceWorker.getRegistration();
    for (const one of (await registration?.getNotifications()) ?? []) one.close();
    await registration?.showNotification('Ann', { body: 'Left behind', tag });
  }, `${vault}-0123456789abcdef`);
  await bob.unlock();
  await expect.poll(() => standing(bob), patience).toEqual([]);
  await leave(ann, bob);
});

test('a notification tells no more than was chosen, and nothing in quiet hours, when muted or locked', async ({ browser }) => {
  const [ann, bob] = await pair(browser, 'nothing');
  await ann.send('Secret one');
  await expect.poll(() => standing(bob), patience).toEqual(['Onionskin: 1 new message']);
  // Whoever is not named is not answered.
  expect((await shown(bob))[0].actions).not.toContain('reply');
  await bob.id('x6.detail-name').check();
  await ann.send('Secret two');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: 2 new messages']);
  const quietly = async (text: string, read: () => Promise<void>) => {
    await ann.send(text);
    await read();
    expect(await standing(bob)).toEqual(['Ann: 2 new messages']);
  };
  const row = bob.id('c1.row').filter({ hasText: 'Ann' });
  const arrives = (text: string) => () => expect(row).toContainText(text, patience);

  await bob.id('x6.quiet').check();
  await bob.id('x6.quiet-from').fill('00:00');
  await bob.id('x6.quiet-to').fill('23:59');
  await expect(bob.id('x6.quiet-to')).toHaveValue('23:59');
  await bob.page.waitForTimeout(500);
  await quietly('In quiet hours', arrives('In quiet hours'));
  // On six days of the week; today and yesterday are among them, or nothing of this would be quiet.
  const today = await bob.page.evaluate(() => (new Date().getDay() + 6) % 7);
  await bob.id(`x6.quiet-day-${(today + 3) % 7}`).uncheck();
  await quietly('Quiet today', arrives('Quiet today'));
  await bob.id('x6.quiet').uncheck();
  await expect(bob.id('x6.quiet-from')).toHaveCount(0);

  await row.click({ button: 'right' });
  await bob.id('c1.mute').click();
  await bob.id('c1.mute-1h').click();
  await expect(bob.id('c1.row-muted')).toBeVisible();
  await quietly('While muted', arrives('While muted'));
  await row.click({ button: 'right' });
  await bob.id('c1.mute').click();
  await bob.id('c1.unmute').click();
  await expect(bob.id('c1.row-muted')).toHaveCount(0);

  // Until a moment of one's own choice, which lies ahead.
  const muteUntil = async () => {
    await row.click({ button: 'right' });
    await bob.id('c1.mute').click();
    await bob.id('c1.mute-custom').click();
    await expect(bob.screen('mute')).toBeVisible();
  };
  await muteUntil();
  await bob.id('mute.until').fill('2020-02-29T10:00');
  await bob.id('mute.save').click();
  await expect(bob.id('mute.past')).not.toBeEmpty();
  await axeFindsNothing(bob.page, 'mute', '[data-screen="mute"]');
  await bob.id('mute.cancel').click();
  await expect(bob.screen('mute')).toBeHidden();
  await expect(bob.id('c1.row-muted')).toHaveCount(0);
  await muteUntil();
  await bob.id('mute.save').click();
  await expect(bob.id('c1.row-muted')).toBeVisible();
  await row.click({ button: 'right' });
  await bob.id('c1.mute').click();
  await bob.id('c1.unmute').click();
  await expect(bob.id('c1.row-muted')).toHaveCount(0);

  await bob.page.keyboard.press('Alt+Shift+KeyL');
  await expect(bob.screen('l1')).toBeVisible();
  await expect.poll(() => standing(bob)).toEqual([]);
  await ann.send('While locked');
  await ann.stored('While locked');
  expect(await standing(bob)).toEqual([]);
  await leave(ann, bob);
});

test('a notification goes when another device has read the message', async ({ browser }) => {
  test.slow();
  const [ann, bob] = await pair(browser, 'text');
  const phrase = await bob.phrase();
  const other = await Person.arrive(browser, 'Bob elsewhere');
  await other.restore(phrase);
  await other.connected();
  await expect(other.id('c1.row').filter({ hasText: 'Ann' })).toBeVisible({ timeout: 90_000 });
  await bob.page.goto('/#/settings');
  await ann.send('Read me there');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: Read me there']);
  await other.openRow('Ann');
  await other.sees('Read me there');
  await expect.poll(() => standing(bob), { timeout: 90_000 }).toEqual([]);
  await leave(ann, bob, other);
});

test('an account that leaves nothing behind has no service worker, and its notifications are those of the page', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await bob.context.addInitScript(() => {
    const shown: object[] = [];
    class Remembered {
      static permission = 'granted';
      open = true;
      onclick?: () => void;
      constructor(
        readonly title: string,
        readonly options: { body?: string; tag?: string } = {},
      ) {
        // The browser replaces what has the same tag.
        for (const one of shown as Remembered[]) if (one.options.tag === options.tag) one.open = false;
        shown.push(this);
      }
      close() {
        this.open = false;
      }
    }
    Object.assign(window, { Notification: Remembered, shown });
  });
  await bob.page.reload();
  await ann.create({ kind: 'temporary' });
  await bob.create({ kind: 'temporary' });
  await acquaint(ann, bob);
  await bob.page.goto('/#/settings/notifications');
  await bob.id('x6.on').check();
  await bob.id('x6.detail-text').check();
  type Page = { shown: { title: string; options: { body: string }; open: boolean; onclick: () => void }[] };
  const open = () =>
    bob.page.evaluate(() => (window as unknown as Page).shown.filter((one) => one.open).map(({ title, options }) => `${title}: ${options.body}`));
  await ann.send('Are you there?');
  await expect.poll(open, patience).toEqual(['Ann: Are you there?']);
  await bob.page.evaluate(() => (window as unknown as Page).shown.find((one) => one.open)?.onclick());
  await expect(bob.message('Are you there?')).toHaveClass(/marked-row/);
  await expect.poll(open, patience).toEqual([]);
  expect(await bob.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  await leave(ann, bob);
});

test('the app explains before the browser asks, says how a refusal is taken back, and does not ask again', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob', false);
  await bob.context.addInitScript(() => {
    let asked = 0;
    class Asking {
      static permission = 'default';
      static async requestPermission() {
        asked += 1;
        return (Asking.permission = 'denied');
      }
    }
    Object.assign(window, { Notification: Asking, asked: () => asked });
  });
  await bob.page.reload();
  const asked = () => bob.page.evaluate(() => (window as unknown as { asked: () => number }).asked());
  await ann.create({ kind: 'temporary' });
  await bob.create({ kind: 'passphrase', passphrase: PASSPHRASE });
  await acquaint(ann, bob);
  await bob.page.goto('/#/chats');
  // What matters more stands there first.
  await expect(bob.id('c1.save-phrase')).toBeVisible();
  await expect(bob.id('c1.notify-tip')).toHaveCount(0);
  await bob.id('c1.dismiss-steps').click();
  await expect(bob.id('c1.notify-tip')).toBeVisible();
  await bob.id('c1.notify-ask').click();
  await expect(bob.screen('notify')).toBeVisible();
  await axeFindsNothing(bob.page, 'notify', '[data-screen="notify"]');
  expect(await asked()).toBe(0);
  await bob.id('notify.not-now').click();
  await expect(bob.screen('notify')).toBeHidden();
  await expect(bob.id('c1.notify-tip')).toHaveCount(0);
  // Not for a month, but whoever switches them on wants to be asked.
  await bob.page.reload();
  await bob.unlock();
  await expect(bob.id('c1.row')).toBeVisible();
  await expect(bob.id('c1.notify-tip')).toHaveCount(0);
  await bob.page.goto('/#/settings/notifications');
  await bob.id('x6.on').click();
  await expect(bob.screen('notify')).toBeVisible();
  await expect(bob.id('x6.on')).not.toBeChecked();
  await bob.id('notify.go').click();
  await expect(bob.id('notify.denied')).toHaveAttribute('data-code', 'NOTIF-DENIED');
  await expect(bob.id('notify.denied-how')).toContainText('left of the address');
  expect(await asked()).toBe(1);
  await bob.id('notify.close').click();
  await bob.id('x6.on').click();
  await expect(bob.id('x6.denied')).toBeVisible();
  expect(await asked()).toBe(1);
  await leave(ann, bob);
});

test('the service worker sees no request and keeps nothing', () => {
  const source = readFileSync('public/sw.js', 'utf8').replace(/^\s*\/\/.*$/gm, '');
  for (const word of ['"fetch"', 'caches', 'indexedDB', 'respondWith', 'importScripts', 'pushManager']) {
    expect(source).not.toContain(word);
  }
});
