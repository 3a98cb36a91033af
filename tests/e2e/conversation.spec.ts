// The conversation as people use it: answers, reactions, deletion, timers, forwarding, choosing, finding, by pointer and keys.
import { Browser, expect, test } from '@playwright/test';
import { Person, axeFindsNothing } from './support';

/** Two people who accepted each other, each with the conversation open. */
async function pair(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<[Person, Person]> {
  const ann = await Person.arrive(browser, 'Ann', options);
  const bob = await Person.arrive(browser, 'Bob', options);
  await ann.create({ kind: 'temporary' });
  await bob.create({ kind: 'temporary' });
  const bobId = await bob.accountId();
  await ann.connected();
  await bob.connected();
  await ann.openNew(bobId);
  await ann.send('Hello Bob');
  await bob.openRow('Ann');
  await bob.send('Hello Ann');
  await ann.sees('Hello Ann', 90_000);
  return [ann, bob];
}

async function leave(...people: Person[]): Promise<void> {
  for (const person of people) {
    expect(person.errors, `${person.name} saw errors`).toEqual([]);
    await person.leave();
  }
}

test('an answer carries the quote, and a press on it shows the original', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  await ann.message('Hello Ann').hover();
  await ann.id('v1.reply').click();
  await expect(ann.id('v1.reply-strip')).toContainText('Hello Ann');
  await ann.send('Nice to read you');
  await expect(ann.id('v1.reply-strip')).toHaveCount(0);
  await bob.sees('Nice to read you');
  const quote = bob.message('Nice to read you').getByTestId('v1.quote');
  await expect(quote).toContainText('Hello Ann');
  await quote.click();
  await expect(bob.message('Hello Ann').first()).toHaveClass(/marked-row/);
  await leave(ann, bob);
});

test('reactions come and go on both sides', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  await ann.message('Hello Ann').focus();
  await ann.page.keyboard.press('1');
  const chip = (person: Person) => person.message('Hello Ann').getByTestId('v1.reaction');
  await expect(chip(ann)).toHaveAttribute('aria-pressed', 'true');
  await expect(chip(bob)).toHaveAttribute('aria-pressed', 'false', { timeout: 60_000 });
  await chip(bob).click();
  await expect(chip(bob)).toHaveAttribute('aria-pressed', 'true');
  await expect(chip(ann)).toContainText('2', { timeout: 60_000 });
  await ann.message('Hello Ann').getByTestId('v1.reacted').click();
  await expect(ann.screen('v13')).toContainText('Bob');
  await ann.page.keyboard.press('Escape');
  await chip(ann).click();
  await expect(chip(bob)).toContainText('1', { timeout: 60_000 });
  await leave(ann, bob);
});

test('what was deleted for everyone goes on the other side, and undo keeps it', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  await ann.send('A slip');
  await ann.stored('A slip');
  await bob.sees('A slip');
  const remove = async () => {
    await ann.message('A slip').focus();
    await ann.page.keyboard.press('Delete');
    await ann.id('v7.everyone').check();
    await ann.id('v7.delete').click();
    await expect(ann.message('A slip')).toHaveCount(0);
  };
  await remove();
  await ann.id('toast.undo').click();
  await expect(ann.message('A slip')).toHaveCount(1);
  await remove();
  await expect(bob.message('A slip')).toHaveCount(0, { timeout: 90_000 });
  await leave(ann, bob);
});

test('a timer is told to the other side, who can use the same', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  await ann.id('v1.menu').click();
  await ann.id('v1.menu-timer').click();
  await ann.id('v9.send').check();
  await ann.id('v9.time').selectOption('604800');
  await ann.id('v9.save').click();
  await expect(ann.id('v1.subline')).toContainText('1 week');
  await ann.send('Gone in a week');
  await expect(ann.message('Gone in a week').getByTestId('v1.expiry')).toBeVisible({ timeout: 60_000 });
  const notice = bob.id('v1.notice').filter({ hasText: '1 week' });
  await expect(notice).toBeVisible({ timeout: 60_000 });
  await notice.getByTestId('v1.use-same').click();
  await expect(bob.id('v1.subline')).toContainText('1 week');
  await leave(ann, bob);
});

test('a message is forwarded to the own notes with a comment', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  await ann.openNew(await ann.accountId());
  await ann.send('First note');
  await ann.openRow('Bob');
  await ann.message('Hello Ann').click({ button: 'right' });
  await ann.id('v1.menu-forward').click();
  await ann.id('v8.search').fill('Note');
  await ann.id('v8.target').check();
  await ann.id('v8.comment').fill('Keep this');
  await ann.id('v8.told').check();
  await ann.id('v8.send').click();
  await expect(ann.screen('v8')).toBeHidden();
  await ann.openRow('Note to Self');
  await expect(ann.id('v1.message').filter({ hasText: 'Keep this' })).toContainText('Forwarded:');
  await ann.sees('Hello Ann');
  await leave(ann, bob);
});

test('several messages are chosen and removed from this device', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  for (const text of ['One', 'Two', 'Three']) await ann.send(text);
  await ann.message('One').focus();
  await ann.page.keyboard.press('x');
  await ann.message('Three').click({ modifiers: ['Shift'] });
  await expect(ann.id('v1.select-count')).toHaveText('3 selected');
  await ann.id('v1.select-delete').click();
  await ann.id('v7.delete').click();
  for (const text of ['One', 'Two', 'Three']) await expect(ann.message(text)).toHaveCount(0);
  await expect(ann.id('v1.composer')).toBeVisible();
  await leave(ann, bob);
});

test('what is being written outlasts a message that is replaced', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  const composer = ann.id('v1.composer');
  await ann.stored('Hello Bob');
  await composer.fill('half a thought');
  const replace = async () => {
    await ann.message('Hello Bob').focus();
    await ann.page.keyboard.press('e');
    await expect(ann.id('v1.reply-strip')).toBeVisible();
    await expect(composer).toHaveValue('Hello Bob');
  };
  await replace();
  await composer.press('Escape');
  await expect(ann.id('v1.reply-strip')).toHaveCount(0);
  await expect(composer).toHaveValue('half a thought');
  // Left in the middle of it, the text of the old message does not become a draft.
  await replace();
  await ann.page.goto('/#/settings');
  await ann.openRow('Bob');
  await expect(composer).toHaveValue('half a thought');
  await replace();
  await composer.fill('Hello dear Bob');
  await composer.press('Enter');
  await expect(ann.message('Hello dear Bob')).toBeVisible();
  await expect(ann.message('Hello Bob')).toHaveCount(0);
  await expect(composer).toHaveValue('half a thought');
  await bob.sees('Hello dear Bob');
  await leave(ann, bob);
});

test('everything about a message can be done by keys alone', async ({ browser }) => {
  const [ann, bob] = await pair(browser);
  const keys = async (...list: string[]) => {
    for (const key of list) await ann.page.keyboard.press(key);
  };
  await ann.id('v1.composer').focus();
  await keys('ArrowUp');
  await expect(ann.message('Hello Ann')).toBeFocused();
  await keys('ArrowUp', 'ArrowDown', 'Enter');
  await expect(ann.id('menu')).toBeVisible();
  await keys('Escape');
  await expect(ann.message('Hello Ann')).toBeFocused();
  await keys('s');
  await expect(ann.message('Hello Ann').getByTestId('v1.starred')).toBeVisible();
  await keys('i');
  await expect(ann.id('v6.facts')).toContainText('Bob');
  await keys('Escape');
  await expect(ann.message('Hello Ann')).toBeFocused();
  await keys('+');
  await ann.id('v14.search').fill('red heart');
  await expect(ann.id('v14.emoji').first()).toHaveText('❤️');
  await keys('Enter');
  await expect(ann.message('Hello Ann').getByTestId('v1.reaction')).toContainText('❤️');
  await keys('r');
  await expect(ann.id('v1.composer')).toBeFocused();
  await ann.page.keyboard.type('By keys :wave');
  await expect(ann.id('v1.suggestion').first()).toBeVisible();
  await keys('Tab', 'Enter');
  await expect(ann.id('v1.message-text').filter({ hasText: 'By keys 👋' })).toBeVisible();
  await keys('Control+f');
  await expect(ann.id('v4.query')).toBeFocused();
  await ann.page.keyboard.type('hello');
  await expect(ann.id('v4.place')).toHaveText('1 of 2');
  await keys('Enter');
  await expect(ann.id('v4.place')).toHaveText('2 of 2');
  await keys('Escape');
  await expect(ann.screen('v4')).toHaveCount(0);
  await leave(ann, bob);
});

test('text is shown as people mean it, and a link tells where it leads', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  await ann.id('v1.composer').fill('**bold** and ||secret|| and https://xn--pypal-4ve.example/?utm_source=x&id=1\n```js\nlet a = "<b>";\n```');
  await ann.id('v1.send').click();
  const message = ann.id('v1.message').last();
  await expect(message.locator('strong')).toHaveText('bold');
  await expect(message.locator('pre')).toHaveText('let a = "<b>";');
  await message.getByTestId('v1.spoiler').click();
  await expect(message.locator('.spoiler-text')).toBeVisible();
  const link = message.getByTestId('v1.link');
  await expect(link).toHaveAttribute('rel', 'noopener noreferrer');
  await link.click();
  await expect(ann.id('k4.host')).toHaveText('xn--pypal-4ve.example');
  await expect(ann.id('k4.warnings')).toBeVisible();
  await expect(ann.id('k4.open')).toHaveAttribute('href', 'https://xn--pypal-4ve.example/?id=1');
  await ann.page.keyboard.press('Escape');
  await expect(ann.screen('k4')).toBeHidden();
  // By keys the same question comes from the menu.
  await message.focus();
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('v1.menu-copy-link')).toBeVisible();
  await ann.id('v1.menu-open-link').press('Enter');
  await expect(ann.id('k4.host')).toHaveText('xn--pypal-4ve.example');
  await ann.page.keyboard.press('Escape');
  await leave(ann);
});

test('a long text is split, a draft stays, and a recovery phrase is not pasted', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  const phrase = await ann.phrase();
  await ann.openNew(await ann.accountId());
  await ann.id('v1.composer').fill(`${'First paragraph. '.repeat(90)}\n\n${'Second one. '.repeat(90)}`);
  await ann.id('v1.split').click();
  await expect(ann.id('v1.message')).toHaveCount(2);
  await ann.id('v1.composer').fill('Too long as well. '.repeat(150));
  await ann.id('v1.as-file').click();
  await expect(ann.id('v1.stage-file')).toContainText('message.txt');
  await expect(ann.id('v1.composer')).toHaveValue('');
  await ann.id('v1.send').click();
  await expect(ann.id('v1.message').last()).toContainText('message.txt');
  await ann.id('v1.composer').fill('Not yet');
  await ann.page.goto('/#/settings');
  await ann.openRow('Note to Self');
  await expect(ann.id('v1.composer')).toHaveValue('Not yet');
  await ann.id('v1.composer').evaluate((field, text) => {
    const data = new DataTransfer();
    data.setData('text/plain', text);
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, phrase);
  await expect(ann.id('v1.secret')).toBeVisible();
  await expect(ann.id('v1.composer')).toHaveValue('Not yet');
  await leave(ann);
});

for (const [width, height] of [
  [320, 640],
  [1280, 800],
]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the conversation is free of findings at ${width} px, ${colorScheme}`, async ({ browser }) => {
      const [ann, bob] = await pair(browser, { viewport: { width, height }, colorScheme });
      await ann.message('Hello Ann').focus();
      await ann.page.keyboard.press('1');
      await ann.page.keyboard.press('r');
      const scan = (what: string) => axeFindsNothing(ann.page, what);
      await scan('answering');
      await ann.message('Hello Ann').focus();
      await ann.page.keyboard.press('Enter');
      await scan('menu');
      await ann.page.keyboard.press('Escape');
      for (const [key, screen] of [
        ['i', 'v6'],
        ['f', 'v8'],
        ['+', 'v14'],
        ['Delete', 'v7'],
      ]) {
        await ann.message('Hello Ann').focus();
        await ann.page.keyboard.press(key);
        await expect(ann.screen(screen)).toBeVisible();
        await scan(screen);
        await ann.page.keyboard.press('Escape');
      }
      await ann.page.keyboard.press('x');
      await scan('choosing');
      await leave(ann, bob);
    });
  }
}
