import { expect, test } from '@playwright/test';
import { Person, network } from './support';

test.afterEach(async () => network.heal());

test('four of twelve nodes stop in mid-conversation, guards included: nothing is lost or doubled', async ({ browser }) => {
  test.setTimeout(900_000);
  // A request lost on a dead node is noticed after ten seconds; several may be lost one after the other.
  const patience = 240_000;
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await ann.create({ kind: 'device' });
  await bob.create({ kind: 'device' });
  await ann.connected();
  const bobId = await bob.accountId();
  await ann.openNew(bobId);
  await ann.send('before 0');
  await ann.stored('before 0');
  await bob.openRow('Ann');
  await bob.sees('before 0');
  await bob.send('before 1');
  await ann.sees('before 1');
  const sent: string[] = ['before 0', 'before 1'];

  const guardsOf = async (person: Person) => {
    await person.page.goto('/#/network/path');
    await expect(person.id('p2.path').first()).toBeVisible();
    return person.id('p2.hop').evaluateAll((hops) => hops.filter((hop) => hop.getAttribute('data-role') === 'guard').map((hop) => hop.getAttribute('data-node') ?? ''));
  };
  const before = new Set([...(await guardsOf(ann)), ...(await guardsOf(bob))]);
  const nodes = await network.nodes();
  const victims = nodes.filter((node) => before.has(node.ed25519)).slice(0, 4);
  for (const node of nodes) {
    if (victims.length < 4 && !victims.includes(node)) victims.push(node);
  }
  const stopped = new Set(victims.map((node) => node.ed25519));
  for (const node of victims) await network.fault(node.index, 'stop');

  await ann.openRow('Bob');
  for (let n = 1; n <= 8; n += 1) {
    sent.push(`during ${n}`);
    await ann.send(`during ${n}`);
  }
  await bob.openRow('Ann');
  for (const text of sent) await bob.sees(text, patience);
  for (const text of sent.filter((text) => text !== 'before 1')) await ann.stored(text, patience);
  expect(await bob.texts()).toEqual(sent);
  expect(await ann.texts()).toEqual(sent);

  const after = await guardsOf(ann);
  expect(after.length).toBeGreaterThan(0);
  for (const guard of after) expect(stopped.has(guard), 'a dead guard is still shown').toBe(false);
  await ann.leave();
  await bob.leave();
});
