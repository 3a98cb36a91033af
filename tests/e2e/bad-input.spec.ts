import { expect, test } from '@playwright/test';
import { Person, network } from './support';

test.afterEach(async () => network.heal());

test('a wrong word in the phrase is named, and a wrong count and check word are told apart', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Eve');
  await person.id('w1.restore').click();
  await person.enterPhrase('amaze buffet cake entrance symptoms tiger lamb maze nestle python dusted faxed');
  await person.id('w3.continue').click();
  await expect(person.page.getByText('PHRASE-COUNT')).toBeVisible();
  await person.enterPhrase('amaze buffet cake entrance symptoms tigger lamb maze nestle xyzzy dusted faxed faxed');
  await person.id('w3.continue').click();
  await expect(person.page.getByText('PHRASE-WORD')).toBeVisible();
  await expect(person.id('w3.error')).toContainText('10');
  await person.enterPhrase('amaze buffet cake entrance symptoms tiger lamb maze nestle python dusted faxed amaze');
  await person.id('w3.continue').click();
  await expect(person.page.getByText('PHRASE-CHECK')).toBeVisible();
  await person.leave();
});

test('a malformed ID says what is wrong with it', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Eve');
  await person.create({ kind: 'temporary' });
  await person.page.goto('/#/new');
  await person.id('n1.input').fill('05abc');
  await expect(person.page.getByText('ID-FORMAT')).toBeVisible();
  await expect(person.id('n1.error')).toContainText('5');
  await person.id('n1.input').fill(`05${'g'.repeat(64)}`);
  await expect(person.id('n1.error')).toContainText('3');
  await expect(person.id('n1.message')).toHaveCount(0);
  await person.leave();
});

test('corrupt messages and lying nodes do not stop a conversation', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await ann.create({ kind: 'device' });
  await bob.create({ kind: 'device' });
  await ann.connected();
  const bobId = await bob.accountId();
  await network.put(bobId, Buffer.from('not a message at all').toString('base64'));
  await network.put(bobId, Buffer.from([0, 2, 1, 2, 3]).toString('base64'));
  await ann.openNew(bobId);
  await ann.send('behind the rubbish');
  await ann.stored('behind the rubbish');
  await bob.openRow('Ann');
  await bob.sees('behind the rubbish');

  const nodes = await network.nodes();
  await network.fault(nodes[0].index, 'lie');
  await network.fault(nodes[1].index, 'corrupt');
  await ann.send('past the liars');
  await ann.stored('past the liars');
  await bob.sees('past the liars');
  await ann.leave();
  await bob.leave();
});
