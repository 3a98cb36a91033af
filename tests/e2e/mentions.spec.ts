// Mentions: offered behind an at sign, sent in the network's form, shown by name wherever the text is shown.
import { Browser, expect, test } from '@playwright/test';
import { Person } from './support';

async function pair(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<[Person, Person, string]> {
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
  return [ann, bob, bobId];
}

async function leave(...people: Person[]): Promise<void> {
  for (const person of people) {
    expect(person.errors, `${person.name} saw errors`).toEqual([]);
    await person.leave();
  }
}

test('somebody is mentioned by keys, and the other side is told by name', async ({ browser }) => {
  const [ann, bob, bobId] = await pair(browser);
  const offered = ann.id('v1.suggestion');
  await ann.id('v1.composer').focus();
  await ann.page.keyboard.type('Hi @');
  await expect(offered).toHaveText(['Bob', 'You']);
  await ann.page.keyboard.press('ArrowDown');
  await expect(offered.nth(1)).toHaveAttribute('aria-selected', 'true');
  await ann.page.keyboard.press('ArrowUp');
  await ann.page.screenshot({ path: test.info().outputPath('people.png') });
  await ann.page.keyboard.press('Escape');
  await expect(offered).toHaveCount(0);
  await ann.page.keyboard.type('bo');
  await expect(offered).toHaveText(['Bob']);
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('v1.composer')).toHaveValue('Hi @Bob ');
  await expect(ann.id('v1.mentioned')).toHaveText('@Bob');
  await ann.page.keyboard.type('see you');
  await ann.page.screenshot({ path: test.info().outputPath('written.png') });

  // The draft is kept with whom it means, and the row shows the name.
  await ann.page.waitForTimeout(700);
  await ann.page.goto('/#/settings');
  await expect(ann.id('c1.row').filter({ hasText: 'Draft' })).toContainText('@\u2068Bob\u2069 see you');
  await ann.openRow('Bob');
  await expect(ann.id('v1.composer')).toHaveValue('Hi @Bob see you');
  await expect(ann.id('v1.mentioned')).toHaveText('@Bob');
  await ann.id('v1.send').click();

  const told = bob.id('v1.message').last();
  await expect(told.getByTestId('v1.mention')).toHaveText('@You', { timeout: 60_000 });
  await bob.page.goto('/#/mentions');
  await expect(bob.id('s1.hit')).toContainText('@\u2068You\u2069 see you');
  const own = ann.id('v1.message').last();
  await expect(own.getByTestId('v1.mention')).toHaveText('@Bob');
  await own.focus();
  await ann.page.keyboard.press('i');
  await ann.screen('v6').locator('summary').last().click();
  await expect(ann.id('v6.source')).toHaveText(`Hi @${bobId} see you`);
  await ann.page.keyboard.press('Escape');
  await leave(ann, bob);
});

test('a mention goes as a whole, an address of mail is none, and a finger takes one as well', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann', { viewport: { width: 320, height: 640 }, hasTouch: true });
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  const composer = ann.id('v1.composer');
  await composer.tap();
  await ann.page.keyboard.type('ann@');
  await expect(ann.id('v1.suggestion')).toHaveCount(0);
  await composer.fill('');
  await ann.page.keyboard.type('@');
  await expect(ann.id('v1.suggestion')).toHaveText(['You']);
  await ann.page.screenshot({ path: test.info().outputPath('narrow.png') });
  await ann.id('v1.suggestion').tap();
  await expect(composer).toHaveValue('@You ');
  await ann.page.keyboard.press('Backspace');
  await expect(composer).toHaveValue('@You');
  await ann.page.keyboard.press('Backspace');
  await expect(composer).toHaveValue('');
  // What was not taken from the list is plain text.
  await ann.send('@You there');
  await expect(ann.id('v1.mention')).toHaveCount(0);
  await leave(ann);
});
