// The command palette and the list of shortcuts: everything by a few letters, by keys, pointer and finger.
import { expect, test } from '@playwright/test';
import { Person, axeFindsNothing } from './support';

const ID = '05b4c2e1d0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b301';

async function alone(browser: Parameters<typeof Person.arrive>[0], options: Parameters<typeof Person.arrive>[2] = {}): Promise<Person> {
  const ann = await Person.arrive(browser, 'Ann', options);
  await ann.create({ kind: 'temporary' });
  return ann;
}

async function leave(person: Person): Promise<void> {
  expect(person.errors, `${person.name} saw errors`).toEqual([]);
  await person.leave();
}

test('the palette finds chats, screens, settings and actions by keys alone', async ({ browser }) => {
  const ann = await alone(browser);
  await ann.openNew(await ann.accountId());
  await ann.send('A note');
  await ann.page.goto('/#/settings');
  const palette = ann.screen('k1').filter({ has: ann.id('k1.input') });
  const find = async (letters: string) => {
    await ann.page.keyboard.press('Control+k');
    await expect(ann.id('k1.input')).toBeFocused();
    await ann.page.keyboard.type(letters);
  };

  // Nothing typed: the recent chats.
  await ann.page.keyboard.press('Control+k');
  await expect(ann.id('k1.row')).toHaveText(/Note to Self/);
  await ann.page.keyboard.press('Enter');
  await expect(ann.screen('v1')).toBeVisible();
  await expect(palette).toBeHidden();

  // A setting leads to its page, and Back to where one was.
  await find('read rec');
  await expect(ann.id('k1.row').first()).toContainText('Read receipts');
  await expect(ann.id('k1.row').first()).toContainText('Privacy');
  await ann.page.keyboard.press('Enter');
  await expect(ann.screen('x4')).toBeVisible();
  await ann.page.goBack();
  await expect(ann.screen('v1')).toBeVisible();

  // An action of the open conversation, through arrows; letters without their marks fit.
  await find('pín');
  await expect(ann.id('k1.row').first()).toContainText('Pin');
  await ann.page.keyboard.press('ArrowDown');
  await expect(ann.id('k1.row').nth(1)).toHaveAttribute('aria-selected', 'true');
  await ann.page.keyboard.press('ArrowUp');
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('c1.row-pinned')).toBeVisible();

  // Actions show their keys; nothing fits nonsense.
  await find('find in this');
  await expect(ann.id('k1.row').first().locator('kbd')).toHaveText('Ctrl+F');
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('v4.query')).toBeVisible();
  await find('qqqqq');
  await expect(ann.id('k1.row')).toHaveCount(0);
  await ann.page.keyboard.press('Escape');
  await expect(palette).toBeHidden();

  // Help.
  await find('shortcuts');
  await ann.page.keyboard.press('Enter');
  await expect(ann.screen('k2')).toContainText('Ctrl+K');
  await ann.page.keyboard.press('Escape');
  await expect(ann.screen('k2')).toBeHidden();
  await ann.page.keyboard.press('Control+/');
  await expect(ann.screen('k2').getByText('Keyboard shortcuts, outside of text')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await leave(ann);
});

test('the palette opens by its buttons, and Back closes it', async ({ browser }) => {
  const ann = await alone(browser, { viewport: { width: 320, height: 640 }, hasTouch: true });
  await ann.id('rail.search').tap();
  await ann.id('s1.palette').tap();
  await ann.id('k1.input').fill('paths');
  await ann.id('k1.row').first().tap();
  await expect(ann.screen('p2')).toBeVisible();
  await ann.page.goto('/#/settings');
  await ann.id('x0.palette').tap();
  await expect(ann.id('k1.input')).toBeVisible();
  await ann.page.goBack();
  await expect(ann.id('k1.input')).toBeHidden();
  await expect(ann.screen('x0')).toBeVisible();
  await ann.id('x0.shortcuts').tap();
  await expect(ann.screen('k2').getByText('Keyboard shortcuts, outside of text')).toBeVisible();
  await ann.page.goBack();
  await leave(ann);
});

for (const [width, height] of [
  [320, 640],
  [1280, 800],
]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`palette and shortcuts are free of findings at ${width} px, ${colorScheme}`, async ({ browser }) => {
      const ann = await alone(browser, { viewport: { width, height }, colorScheme });
      await ann.openNew(ID);
      const scan = async (what: string) => {
        await axeFindsNothing(ann.page, what);
        const wide = await ann.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(wide, `${what} scrolls sideways`).toBeLessThanOrEqual(0);
      };
      await ann.page.keyboard.press('Control+k');
      await expect(ann.id('k1.input')).toBeFocused();
      await scan('recent');
      await ann.id('k1.input').fill('e');
      await expect(ann.id('k1.row').nth(8)).toBeAttached();
      await scan('matches');
      await ann.page.screenshot({ path: test.info().outputPath('palette.png') });
      await ann.page.keyboard.press('Escape');
      await ann.page.keyboard.press('Control+/');
      await scan('shortcuts');
      await ann.page.screenshot({ path: test.info().outputPath('shortcuts.png') });
      await ann.page.keyboard.press('Escape');
      await leave(ann);
    });
  }
}
