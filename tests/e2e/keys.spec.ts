// The journeys by keys alone: no pointer, no click, no address typed. Fields are reached with Tab as a person reaches them.
import { Browser, expect, test } from '@playwright/test';
import { Person } from './support';

// The fake microphone beeps once a second.
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
    ],
  },
});

/** Hands that never leave the keyboard. */
class Hands {
  constructor(readonly person: Person) {}

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.person.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.person.page.keyboard.type(text);
  }

  /** Goes on with Tab until this has the focus. */
  async tabTo(testid: string, back = false): Promise<void> {
    for (let n = 0; n < 120; n += 1) {
      const at = await this.person.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
      if (at === testid) return;
      await this.press(back ? 'Shift+Tab' : 'Tab');
    }
    throw new Error(`${testid} cannot be reached with Tab`);
  }

  /** What has the focus now is this one. */
  async at(testid: string): Promise<void> {
    await expect(this.person.page.locator(':focus')).toHaveAttribute('data-testid', testid);
  }

  async create(): Promise<void> {
    await this.tabTo('w1.create');
    await this.press('Enter');
    await this.tabTo('w2.name');
    await this.type(this.person.name);
    await this.tabTo('w2.keep-device');
    await this.press('ArrowDown');
    await this.tabTo('w2.start');
    await this.press('Enter');
    await expect(this.person.screen('c1')).toBeVisible();
    await this.person.connected();
  }

  async writeTo(id: string, text: string): Promise<void> {
    await this.press('Alt+Shift+N');
    await this.tabTo('n1.input');
    await this.type(id);
    await this.tabTo('n1.message');
    await this.press('Enter');
    await expect(this.person.screen('v1')).toBeVisible();
    await this.tabTo('v1.composer');
    await this.type(text);
    await this.press('Enter');
    await this.person.stored(text);
  }
}

async function arrive(browser: Browser, name: string): Promise<Hands> {
  return new Hands(await Person.arrive(browser, name));
}

async function leave(...people: Hands[]): Promise<void> {
  for (const { person } of people) {
    expect(person.errors, `${person.name} saw errors`).toEqual([]);
    await person.leave();
  }
}

test('a phrase with a wrong word is mended and restores the account', async ({ browser }) => {
  const first = await Person.arrive(browser, 'Ann');
  await first.create();
  await first.connected();
  await first.openNew(await first.accountId());
  await first.send('kept in the swarm');
  await first.stored('kept in the swarm');
  const id = await first.accountId();
  const words = (await first.phrase()).split(' ');
  await first.leave();

  const ann = await arrive(browser, 'Ann');
  await ann.tabTo('w1.restore');
  await ann.press('Enter');
  await ann.tabTo('w3.paste');
  await ann.type([...words.slice(0, 4), 'qwertz', ...words.slice(5)].join(' '));
  await ann.tabTo('w3.continue');
  await ann.press('Enter');
  await expect(ann.person.id('w3.error')).toContainText('5');
  await ann.tabTo('w3.paste', true);
  await ann.press('Control+A');
  await ann.type(words.join(' '));
  await ann.tabTo('w3.continue');
  await ann.press('Enter');
  await ann.tabTo('w3.keep-device');
  await ann.press('ArrowDown');
  await ann.tabTo('w3.start');
  await ann.press('Enter');
  await expect(ann.person.screen('c1')).toBeVisible();
  await expect(ann.person.id('c1.row').filter({ hasText: 'kept in the swarm' })).toBeVisible({ timeout: 60_000 });
  await ann.press('Alt+Shift+N');
  await expect(ann.person.id('n1.my-id')).toHaveText(new RegExp(id.split('').join('\\s*')));
  await leave(ann);
});

test('a temporary account talks to itself and is burnt', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.create();
  await ann.press('Alt+Shift+S');
  await expect(ann.person.screen('v1')).toBeVisible();
  await ann.tabTo('v1.composer');
  await ann.type('a note to myself');
  await ann.press('Enter');
  await ann.person.stored('a note to myself');
  await ann.tabTo('rail.burn');
  await ann.press('Enter');
  await ann.tabTo('k7.erase');
  await ann.press('Enter');
  await expect(ann.person.screen('w1')).toBeVisible();
  const left = await ann.person.page.evaluate(async () => ({
    databases: (await indexedDB.databases()).length,
    local: localStorage.length,
    session: sessionStorage.length,
  }));
  expect(left).toEqual({ databases: 0, local: 0, session: 0 });
  await leave(ann);
});

test('a request is accepted, and a file, a voice message, an answer and a reaction follow', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await ann.create();
  await bob.create();
  await bob.press('Alt+Shift+N');
  const id = ((await bob.person.id('n1.my-id').textContent()) ?? '').replace(/\s+/g, '');
  await ann.writeTo(id, 'May I?');

  await expect(bob.person.id('c1.requests')).toBeVisible({ timeout: 60_000 });
  await bob.tabTo('c1.requests');
  await bob.press('Enter');
  await bob.tabTo('c3.accept');
  await bob.press('Enter');
  await expect(bob.person.screen('v1')).toBeVisible();
  await bob.tabTo('v1.composer');
  await bob.type('You may');
  await bob.press('Enter');
  await ann.person.sees('You may');

  // A file: the button opens the system's own dialog, which is made of keys as well.
  const choosing = ann.person.page.waitForEvent('filechooser');
  await ann.tabTo('v1.attach');
  await ann.press('Enter');
  const picture = await ann.person.page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } });
  await (await choosing).setFiles({ name: 'view.png', mimeType: 'image/png', buffer: picture });
  await expect(ann.person.id('v1.stage-file')).toHaveCount(1);
  await ann.tabTo('v1.composer');
  await ann.type('the view');
  await ann.press('Enter');
  await ann.person.stored('the view');
  await expect(bob.person.message('the view')).toBeVisible({ timeout: 60_000 });

  await ann.tabTo('v1.record');
  await ann.press('Enter');
  await expect(ann.person.id('v1.recorder-time')).toHaveText(/^0:(0[2-9]|[1-5]\d)$/);
  await ann.tabTo('v1.recorder-send');
  await ann.press('Enter');
  await expect(ann.person.id('v1.voice')).toBeVisible();
  const voice = bob.person.page.locator('[data-testid="v1.file"][data-kind="voice"]');
  await expect(voice).toBeVisible({ timeout: 90_000 });

  await bob.tabTo('v1.composer');
  await bob.press('ArrowUp', 'ArrowUp');
  await expect(bob.person.message('the view')).toBeFocused();
  await bob.press('r');
  await bob.at('v1.composer');
  await bob.type('what a view');
  await bob.press('Enter');
  await bob.person.stored('what a view');
  await expect(ann.person.message('what a view').getByTestId('v1.quote')).toBeVisible({ timeout: 60_000 });
  await ann.tabTo('v1.composer');
  await ann.press('ArrowUp');
  await expect(ann.person.message('what a view')).toBeFocused();
  await ann.press('1');
  await expect(bob.person.message('what a view').getByTestId('v1.reaction')).toBeVisible({ timeout: 60_000 });
  await leave(ann, bob);
});

test('an old message is found, jumped to and answered', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.create();
  await ann.press('Alt+Shift+S');
  await ann.tabTo('v1.composer');
  for (let n = 1; n <= 30; n += 1) {
    await ann.type(n === 3 ? 'the needle' : `straw ${n}`);
    await ann.press('Enter');
  }
  await ann.person.stored('straw 30');
  await ann.press('Alt+Shift+F');
  await ann.tabTo('s1.input');
  await ann.type('needle');
  await expect(ann.person.id('s1.hit')).toHaveCount(1);
  await ann.tabTo('s1.hit');
  await ann.press('Enter');
  await expect(ann.person.message('the needle')).toBeFocused();
  await ann.press('r');
  await ann.at('v1.composer');
  await ann.type('found');
  await ann.press('Enter');
  const quote = ann.person.message('found').getByTestId('v1.quote');
  await expect(quote).toContainText('the needle');
  // What can be pressed inside a message is on the way from it.
  await ann.press('ArrowUp');
  await expect(ann.person.message('found')).toBeFocused();
  await ann.tabTo('v1.quote');
  await ann.press('Enter');
  await expect(ann.person.message('the needle').first()).toBeInViewport();
  await leave(ann);
});

test('the path is looked at, a new one is asked for, and its nodes say why they were chosen', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.create();
  await ann.tabTo('rail.network');
  await ann.press('Enter');
  await expect(ann.person.screen('p1')).toBeVisible();
  await ann.tabTo('p1.path');
  await ann.press('Enter');
  await expect(ann.person.page.locator('#p2-panel-0').getByTestId('p2.rule')).toHaveCount(3);
  await ann.tabTo('p2.new-path');
  await ann.press('Enter');
  await expect(ann.person.id('p2.new-path')).toBeDisabled();
  await leave(ann);
});

test('a contact is compared by digits and marked as verified', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await ann.create();
  await bob.create();
  await bob.press('Alt+Shift+N');
  const id = ((await bob.person.id('n1.my-id').textContent()) ?? '').replace(/\s+/g, '');
  await ann.writeTo(id, 'hello');
  await ann.tabTo('v1.details');
  await ann.press('Enter');
  await ann.tabTo('v2.verify');
  await ann.press('Enter');
  await expect(ann.person.id('sv.group')).toHaveCount(12);
  const digits = (await ann.person.id('sv.group').allTextContents()).join(' ');
  await ann.tabTo('sv.typed');
  await ann.type(digits.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10)));
  await ann.tabTo('sv.compare');
  await ann.press('Enter');
  await expect(ann.person.id('sv.result')).toHaveAttribute('data-result', 'different');
  await ann.tabTo('sv.typed', true);
  await ann.press('Control+A');
  await ann.type(digits);
  await ann.tabTo('sv.compare');
  await ann.press('Enter');
  await expect(ann.person.id('sv.result')).toHaveAttribute('data-result', 'same');
  await ann.tabTo('sv.mark-verified');
  await ann.press('Enter');
  await expect(ann.person.id('v2.verified')).toHaveAttribute('data-verified', 'true');
  await leave(ann, bob);
});
