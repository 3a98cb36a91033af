// Where things are kept and found again: folders, the place in a conversation, people, searches, drafts.
import { expect, test } from '@playwright/test';
import { Person } from './support';

/** An account of its own device with a conversation of so many notes. */
async function writer(person: Person, notes: number): Promise<void> {
  await person.create({ kind: 'device' });
  await person.openNew(await person.accountId());
  for (let n = 1; n <= notes; n += 1) await person.send(`note ${n}`);
}

test('rows are chosen by their menu, put into a folder, muted together and taken out again', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann', { viewport: { width: 380, height: 760 } });
  const bob = await Person.arrive(browser, 'Bob');
  await bob.create({ kind: 'temporary' });
  const bobId = await bob.accountId();
  await writer(ann, 1);
  await ann.openNew(bobId);
  await ann.send('Hello Bob');
  await ann.page.goto('/#/chats');
  const row = (text: string) => ann.id('c1.row').filter({ hasText: text });
  const choose = async (text: string, ...lines: string[]) => {
    await row(text).click({ button: 'right' });
    for (const line of lines) await ann.id(line).first().click();
  };
  await choose('note 1', 'c1.folder-move', 'c1.folder-new');
  await ann.id('folder.name').fill('Work');
  await ann.id('folder.save').click();
  await expect(ann.id('c1.filter-folder')).toHaveText(/Work/);
  await ann.id('c1.filter-folder').click();
  await expect(ann.id('c1.row')).toHaveCount(1);

  // Several at once, without a key.
  await ann.id('c1.filter-all').click();
  await choose('note 1', 'c1.select');
  await row('Hello Bob').click();
  await expect(ann.id('c1.selection')).toContainText('2');
  await ann.id('c1.bulk-more').click();
  await ann.id('c1.bulk-mute').click();
  await ann.id('c1.mute-1h').click();
  await expect(ann.id('c1.row-muted')).toHaveCount(2);
  await ann.id('c1.bulk-more').click();
  await ann.id('c1.bulk-folder').click();
  await ann.id('c1.folder-into').click();
  await ann.id('c1.bulk-done').click();
  await ann.id('c1.filter-folder').click();
  await expect(ann.id('c1.row')).toHaveCount(2);

  // It outlasts a reload, and goes with the last conversation in it.
  await ann.page.reload();
  await ann.id('c1.filter-folder').click();
  await expect(ann.id('c1.row')).toHaveCount(2);
  await choose('note 1', 'c1.folder-move', 'c1.folder-out');
  await choose('Hello Bob', 'c1.folder-move', 'c1.folder-out');
  await expect(ann.id('c1.filter-folder')).toHaveCount(0);
  await expect(ann.id('c1.row')).toHaveCount(2);

  // Whoever was deleted from the list is still known.
  await choose('Hello Bob', 'c1.delete');
  await expect(ann.id('c1.row')).toHaveCount(1);
  await ann.page.mouse.move(5, 5);
  await expect(ann.id('toast.undo')).toHaveCount(0, { timeout: 60_000 });
  await ann.page.goto('/#/new');
  await ann.id('n1.contact').first().click();
  await expect(ann.screen('v1')).toHaveAttribute('data-state', /empty|offline/);
  expect(ann.errors).toEqual([]);
  await ann.leave();
  await bob.leave();
});

test('a conversation opens where it was left, another day is a press away, and a mark of unread goes when it opens', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await bob.create({ kind: 'temporary' });
  await writer(ann, 70);
  await ann.openNew(await bob.accountId());
  await ann.send('Hello Bob');
  await ann.openRow('Note to Self');
  await expect(ann.message('note 70')).toBeInViewport();
  const top = ann.page.locator('.timeline');
  const wheel = async (by: number) => {
    await top.hover();
    await ann.page.mouse.wheel(0, by);
  };
  await wheel(-1_600);
  await expect(ann.id('v1.newest')).toBeVisible();
  // It is looked at once nobody scrolls any more.
  await ann.page.waitForTimeout(1_000);
  const upper = () =>
    ann.page.evaluate(() => {
      const edge = document.querySelector('.timeline')!.getBoundingClientRect().top;
      const all = [...document.querySelectorAll('li.message')];
      return all.find((one) => one.getBoundingClientRect().top >= edge - 1)?.getAttribute('data-message');
    });
  const left = await upper();
  await ann.openRow('Bob');
  await expect(ann.message('Hello Bob')).toBeVisible();
  await ann.openRow('Note to Self');
  await expect.poll(upper).toBe(left);
  await expect(ann.id('v1.newest')).toBeVisible();
  await ann.id('v1.newest').click();
  await expect(ann.message('note 70')).toBeInViewport();

  // The line of the day leads to another one.
  await wheel(-1_600);
  await ann.id('v1.day').last().click();
  await expect(ann.id('v4.day')).toBeFocused();
  await ann.page.keyboard.press('Escape');
  await expect(ann.screen('v4')).toHaveCount(0);

  await ann.openRow('Bob');
  await ann.id('c1.row').filter({ hasText: 'note 70' }).focus();
  await ann.page.keyboard.press('u');
  await expect(ann.id('c1.marked-unread')).toBeVisible();
  await ann.id('c1.row').filter({ hasText: 'note 70' }).click();
  await expect(ann.id('c1.marked-unread')).toHaveCount(0);

  // Back closes the find bar and stays; the key for it leads into the field although it is open.
  await ann.page.keyboard.press('Control+f');
  await expect(ann.id('v4.query')).toBeFocused();
  await ann.page.goBack();
  await expect(ann.screen('v4')).toHaveCount(0);
  await expect(ann.screen('v1')).toBeVisible();
  expect(ann.errors).toEqual([]);
  await ann.leave();
  await bob.leave();
});

test('searches are remembered when that is wanted, by keys alone, and emoji that were used stay', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await writer(ann, 3);
  const { keyboard } = ann.page;
  await ann.id('v1.emoji').click();
  await expect(ann.id('v14.search')).toBeFocused();
  await keyboard.type('rocket');
  await ann.page.locator('[data-testid="v14.emoji"]').first().click();
  await keyboard.press('Escape');
  await expect(ann.id('v14.picker')).toHaveCount(0);
  await ann.page.goto('/#/search');
  await expect(ann.id('s1.recent')).toHaveCount(0);
  await ann.id('s1.recent-keep').check();
  await ann.id('s1.input').fill('note');
  await expect(ann.id('s1.hit')).toHaveCount(3);
  await keyboard.press('ArrowDown');
  await expect(ann.id('s1.person').first()).toBeFocused();
  await keyboard.press('ArrowDown');
  await expect(ann.id('s1.hit').first()).toBeFocused();
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowUp');
  await expect(ann.id('s1.input')).toBeFocused();
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await expect(ann.screen('v1')).toBeVisible();
  await ann.page.goto('/#/search');
  await expect(ann.id('s1.recent')).toHaveText('note');
  await ann.id('s1.recent').click();
  await expect(ann.id('s1.input')).toHaveValue('note');
  await ann.id('s1.input').fill('from:nobody');
  await expect(ann.id('s1.nothing')).toBeVisible();
  await expect(ann.id('s1.searchable')).toHaveCount(0);

  await ann.page.goto('/#/chats');
  await ann.page.reload();
  await ann.openRow('Note to Self');
  await ann.id('v1.emoji').click();
  await expect(ann.page.locator('[data-testid="v14.emoji"]').first()).toHaveText('🚀');
  await ann.page.goto('/#/search');
  await ann.id('s1.input').fill('');
  await expect(ann.id('s1.recent')).toHaveText('note');
  await ann.id('s1.recent-keep').uncheck();
  await expect(ann.id('s1.recent')).toHaveCount(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('a pasted Account ID can be written to, a problem is seen on a small screen, and the reminder of the phrase comes back', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann', { viewport: { width: 360, height: 740 } });
  const bob = await Person.arrive(browser, 'Bob');
  await bob.create({ kind: 'temporary' });
  const bobId = await bob.accountId();
  await ann.create({ kind: 'device' });
  await ann.id('c1.dismiss-steps').click();
  await expect(ann.id('c1.save-phrase')).toHaveCount(0);
  await ann.page.goto('/#/settings');
  await expect(ann.id('x3.phrase-state')).toContainText('not checked');
  await ann.openNew(await ann.accountId());
  await ann.send('note');
  await ann.id('v1.composer').focus();
  await ann.page.evaluate((id) => {
    const data = new DataTransfer();
    data.setData('text/plain', id);
    document.activeElement!.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, bobId);
  await ann.id('v1.composer').fill(bobId);
  await expect(ann.id('v1.pasted-id')).toBeVisible();
  await ann.id('v1.write-to-pasted').click();
  await expect(ann.screen('n2')).toContainText(bobId.slice(0, 4));
  await ann.openRow('Note to Self');
  await expect(ann.id('v1.composer')).toHaveValue(bobId);

  // More reactions to one message than the network allows in a short time.
  for (let n = 0; n < 40 && !(await ann.id('c1.problem').isVisible()); n += 1) await ann.message('note').press(`${(n % 6) + 1}`);
  await expect(ann.id('c1.problem')).toBeInViewport();
  await ann.id('c1.problem-dismiss').click();
  await expect(ann.id('c1.problem')).toHaveCount(0);

  // After a day it is asked for again.
  await ann.page.clock.install({ time: Date.now() + 2 * 86_400_000 });
  await ann.page.goto('/#/chats');
  await ann.page.reload();
  await expect(ann.id('c1.save-phrase')).toBeVisible();
  expect(ann.errors).toEqual([]);
  await ann.leave();
  await bob.leave();
});
