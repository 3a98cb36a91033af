// Notifications: what they tell, when there are none, and when they go again. The browser's own are replaced by ones that
// remember, since nobody looks at a screen here.
import AxeBuilder from '@axe-core/playwright';
import { Browser, expect, test } from '@playwright/test';
import { PASSPHRASE, Person } from './support';

type Shown = { title: string; body: string; tag: string; open: boolean };

/** A person whose browser allows notifications and whose window never has the focus. */
async function arrive(browser: Browser, name: string): Promise<Person> {
  const person = await Person.arrive(browser, name);
  await person.context.addInitScript(() => {
    const shown: object[] = [];
    class Remembered {
      static permission = 'granted';
      static requestPermission = () => Promise.resolve('granted');
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
    let badge = 0;
    Object.assign(window, { Notification: Remembered, shown, badge: () => badge });
    Object.assign(navigator, { setAppBadge: async (n: number) => void (badge = n), clearAppBadge: async () => void (badge = 0) });
    document.hasFocus = () => false;
  });
  await person.page.reload();
  return person;
}

const shown = (person: Person): Promise<Shown[]> =>
  person.page.evaluate(() =>
    (window as unknown as { shown: { title: string; options: { body: string; tag: string }; open: boolean }[] }).shown.map(({ title, options, open }) => ({
      title,
      body: options.body,
      tag: options.tag,
      open,
    })),
  );
const standing = async (person: Person) => (await shown(person)).filter((one) => one.open).map(({ title, body }) => `${title}: ${body}`);
const badge = (person: Person) => person.page.evaluate(() => (window as unknown as { badge: () => number }).badge());
const click = (person: Person) =>
  person.page.evaluate(() => (window as unknown as { shown: { open: boolean; onclick: () => void }[] }).shown.filter((one) => one.open).pop()?.onclick());

/** Two people who accepted each other; Bob has notifications, and looks at another screen. */
async function pair(browser: Browser, detail: string): Promise<[Person, Person]> {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await ann.create({ kind: 'temporary' });
  await bob.create({ kind: 'passphrase', passphrase: PASSPHRASE });
  const bobId = await bob.accountId();
  await ann.connected();
  await bob.connected();
  await ann.openNew(bobId);
  await ann.send('Hello Bob');
  await bob.openRow('Ann');
  await bob.send('Hello Ann');
  await ann.sees('Hello Ann', 90_000);
  await bob.page.goto('/#/settings/notifications');
  await bob.id('x6.on').check();
  await bob.id(`x6.detail-${detail}`).check();
  await expect(bob.id(`x6.detail-${detail}`)).toBeChecked();
  return [ann, bob];
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
  expect((await shown(bob))[0].tag).not.toContain('05');
  await expect(bob.page).toHaveTitle('(1) Onionskin');
  expect(await badge(bob)).toBe(1);
  await click(bob);
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

test('a notification tells no more than was chosen, and nothing in quiet hours, when muted or locked', async ({ browser }) => {
  const [ann, bob] = await pair(browser, 'nothing');
  await ann.send('Secret one');
  await expect.poll(() => standing(bob), patience).toEqual(['Onionskin: 1 new message']);
  await bob.id('x6.detail-name').check();
  await ann.send('Secret two');
  await expect.poll(() => standing(bob), patience).toEqual(['Ann: 2 new messages']);
  const before = (await shown(bob)).length;
  const quietly = async (text: string, read: () => Promise<void>) => {
    await ann.send(text);
    await read();
    expect((await shown(bob)).length).toBe(before);
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
  const found = await new AxeBuilder({ page: bob.page }).include('[data-screen="mute"]').analyze();
  expect(found.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
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
  expect(await standing(bob)).toEqual([]);
  await ann.send('While locked');
  await ann.stored('While locked');
  expect((await shown(bob)).length).toBe(before);
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
