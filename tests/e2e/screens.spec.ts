import { Page, expect, test } from '@playwright/test';
import { Person, axeFindsNothing } from './support';

async function nothingScrollsSideways(page: Page, where: string): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, `${where} scrolls sideways`).toBeLessThanOrEqual(0);
}

for (const width of [320, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`every screen is accessible at ${width} px, ${colorScheme}`, async ({ browser }, info) => {
      const person = await Person.arrive(browser, 'Ann', { viewport: { width, height: 720 }, colorScheme });
      const look = async (name: string) => {
        await expect(person.screen(name).first()).toBeVisible();
        await axeFindsNothing(person.page, name);
        await nothingScrollsSideways(person.page, name);
        await person.page.screenshot({ path: info.outputPath(`${name}.png`) });
      };
      await look('w1');
      await person.id('w1.restore').click();
      await look('w3');
      await person.page.goto('/#/welcome');
      await person.id('w1.create').click();
      await look('w2');
      await person.page.goto('/#/welcome');
      await person.create({ kind: 'device' });
      await look('c1');
      await person.connected();
      await person.openNew(await person.accountId());
      await person.send('first\nsecond line');
      await person.send('https://example.org and a long word ' + 'x'.repeat(120));
      await look('v1');
      await person.page.goto('/#/new');
      await look('n1');
      await person.page.goto('/#/network/path');
      await expect(person.id('p2.map').first()).toBeVisible();
      await look('p2');
      await person.page.goto('/#/network');
      await expect(person.id('p1.swarm-node').first()).toBeVisible();
      await look('p1');
      await person.page.goto('/#/settings');
      await look('x0');
      await person.page.goto('/#/settings/network');
      await expect(person.id('x9.pace-adaptive')).toBeVisible();
      await look('x9');
      await person.page.goto('/#/chats');
      await person.page.reload();
      await look('c1');
      expect(person.errors).toEqual([]);
      await person.leave();
    });
  }
}

test('a conversation works with the keyboard alone', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Ann');
  const page = person.page;
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const tabTo = async (testid: string) => {
    for (let n = 0; n < 60; n += 1) {
      const at = await page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
      if (at === testid) return;
      await press('Tab');
    }
    throw new Error(`${testid} cannot be reached with Tab`);
  };
  await expect(person.screen('w1')).toBeVisible();
  await tabTo('w1.create');
  await press('Enter');
  await tabTo('w2.name');
  await page.keyboard.type('Ann');
  await tabTo('w2.keep-device');
  await press('ArrowDown');
  await tabTo('w2.start');
  await press('Enter');
  await expect(person.screen('c1')).toBeVisible();
  await person.connected();
  const id = await person.accountId();
  await tabTo('n1.input');
  await page.keyboard.type(id);
  await tabTo('n1.message');
  await press('Enter');
  await expect(person.screen('v1')).toBeVisible();
  await tabTo('v1.composer');
  await page.keyboard.type('typed, not clicked');
  await press('Enter');
  await person.stored('typed, not clicked');
  await person.leave();
});
