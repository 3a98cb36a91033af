// One account in two browsers: what one of them changes stands in the other.
import { Browser, expect, test } from '@playwright/test';
import { Person } from './support';

async function arrive(browser: Browser, name: string): Promise<Person> {
  const person = await Person.arrive(browser, name);
  await person.create({ kind: 'device' });
  await person.connected();
  return person;
}

/** Ann and somebody else wrote to each other. */
async function acquaint(ann: Person, other: Person): Promise<void> {
  await ann.openNew(await other.accountId());
  await ann.send(`hello ${other.name}`);
  await ann.stored(`hello ${other.name}`);
  await other.openRow('Ann');
  await other.send(`hello from ${other.name}`);
  await ann.sees(`hello from ${other.name}`);
}

test('a restored browser shows name, picture, contacts, pins, blocks and what was read, and both stay equal', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  const eve = await arrive(browser, 'Eve');
  await acquaint(ann, bob);
  await acquaint(ann, eve);

  await ann.page.goto('/#/settings');
  await ann.id('x1.name').fill('Annabelle');
  await ann.id('x1.save-name').click();
  const picture = await ann.page.screenshot({ clip: { x: 0, y: 0, width: 400, height: 300 } });
  await ann.id('x1.picture').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: picture });
  await ann.id('x1.save-picture').click();
  await expect(ann.screen('x0').getByTestId('avatar.picture').first()).toBeVisible();

  await ann.openRow('Bob');
  await ann.id('v1.details').click();
  await ann.id('v2.nickname').fill('Bobby');
  await ann.id('v2.save-nickname').click();
  await expect(ann.id('c1.row').filter({ hasText: 'Bobby' })).toBeVisible();
  await ann.page.goto('/#/chats');
  await ann.id('c1.row').filter({ hasText: 'Bobby' }).focus();
  await ann.page.keyboard.press('p');
  await expect(ann.id('c1.row').filter({ hasText: 'Bobby' }).getByTestId('c1.row-pinned')).toBeVisible();
  await ann.openRow('Eve');
  await ann.id('v1.menu').click();
  await ann.id('c1.block').click();
  await expect(ann.id('v1.blocked')).toBeVisible();
  const phrase = await ann.phrase();
  await ann.page.goto('/#/settings/devices');
  await expect(ann.id('x5.state')).toHaveAttribute('data-sync', 'settled', { timeout: 30_000 });

  const again = await Person.arrive(browser, 'Ann again');
  const asked = await again.restore(phrase);
  const bobby = again.id('c1.row').filter({ hasText: 'Bobby' });
  await expect(bobby).toBeVisible({ timeout: 60_000 });
  await expect(bobby.getByTestId('c1.row-pinned')).toBeVisible();
  await expect(bobby.getByTestId('c1.unread'), 'what was read is read here too').toHaveCount(0);
  await expect(again.id('c1.row').filter({ hasText: 'Eve' }).getByTestId('c1.row-blocked')).toBeVisible();
  await again.page.goto('/#/settings');
  await expect(again.id('x1.name')).toHaveValue('Annabelle');
  await expect(again.screen('x0').getByTestId('avatar.picture').first()).toBeVisible({ timeout: 60_000 });
  await again.page.goto('/#/settings/privacy');
  await expect(again.id('x4.blocked')).toContainText('Eve');
  console.log(`everything was seen on three screens ${Date.now() - asked} ms after the account was asked for`);

  // From the new browser to the old one.
  await again.id('x4.unblock').click();
  await again.page.goto('/#/chats');
  await bobby.focus();
  await again.page.keyboard.press('p');
  await expect(bobby.getByTestId('c1.row-pinned')).toHaveCount(0);
  await ann.page.goto('/#/chats');
  const here = ann.id('c1.row').filter({ hasText: 'Bobby' });
  await expect(here.getByTestId('c1.row-pinned')).toHaveCount(0, { timeout: 60_000 });
  await expect(ann.id('c1.row').filter({ hasText: 'Eve' }).getByTestId('c1.row-blocked')).toHaveCount(0);

  // And the other way, an unread message among it.
  await bob.send('news');
  await expect(here.getByTestId('c1.unread')).toBeVisible({ timeout: 60_000 });
  await expect(bobby.getByTestId('c1.unread')).toBeVisible({ timeout: 60_000 });
  await here.click();
  await ann.sees('news');
  await expect(bobby.getByTestId('c1.unread')).toHaveCount(0, { timeout: 60_000 });

  for (const person of [ann, bob, eve, again]) {
    expect(person.errors, `${person.name} saw errors`).toEqual([]);
    await person.leave();
  }
});
