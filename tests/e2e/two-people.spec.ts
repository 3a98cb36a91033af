import { expect, test } from '@playwright/test';
import { ORIGIN, PASSPHRASE, Person } from './support';

test('two people talk, reload, and a third browser restores one of them from the phrase', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  const bob = await Person.arrive(browser, 'Bob');
  await ann.create();
  await bob.create({ kind: 'device' });
  await ann.connected();
  await bob.connected();

  const bobId = await bob.accountId();
  await ann.openNew(bobId);
  await ann.send('Hello Bob ✓');
  await ann.stored('Hello Bob ✓');

  await bob.openRow('Ann');
  await bob.sees('Hello Bob ✓');
  await bob.send('Hello Ann, مرحبا');
  await bob.stored('Hello Ann, مرحبا');
  await ann.sees('Hello Ann, مرحبا');

  // Still there after a reload: one behind a passphrase, one without.
  const phrase = await ann.phrase();
  await ann.page.reload();
  await expect(ann.screen('l1')).toBeVisible();
  await ann.id('l1.passphrase').fill('not this one');
  await ann.id('l1.unlock').click();
  await expect(ann.page.getByText('VAULT-PASS')).toBeVisible();
  await ann.unlock(PASSPHRASE);
  await ann.openRow('Bob');
  await ann.sees('Hello Bob ✓');
  await ann.sees('Hello Ann, مرحبا');
  await bob.page.reload();
  await bob.openRow('Ann');
  await bob.sees('Hello Bob ✓');

  // A third browser, from the phrase alone: sent by sync copies, received from the swarm.
  const again = await Person.arrive(browser, 'Ann again');
  await again.restore(phrase);
  await again.openRow('Bob');
  await again.sees('Hello Bob ✓');
  await again.sees('Hello Ann, مرحبا');
  await expect(again.message('Hello Bob ✓')).toHaveAttribute('data-mine', 'true');

  // All three go on together.
  await again.send('from the third browser');
  await bob.sees('from the third browser');
  await ann.sees('from the third browser');

  for (const person of [ann, bob, again]) {
    const elsewhere = person.requests.filter((url) => !url.startsWith(`${ORIGIN}/`) && !url.startsWith(`blob:${ORIGIN}/`));
    expect(elsewhere, 'requests to other hosts than the relay').toEqual([]);
    for (const url of person.requests) expect(url).not.toContain(bobId);
    expect(await person.page.title()).not.toContain('Bob');
    await person.leave();
  }
});

test('a temporary account leaves nothing behind', async ({ browser }) => {
  const guest = await Person.arrive(browser, 'Guest');
  await guest.create({ kind: 'temporary' });
  await guest.connected();
  await guest.openNew(await guest.accountId());
  await guest.send('a note to myself');
  await guest.stored('a note to myself');
  const left = await guest.page.evaluate(async () => ({
    databases: (await indexedDB.databases()).map((database) => database.name),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    local: localStorage.length,
    session: sessionStorage.length,
    cookies: document.cookie,
  }));
  expect(left).toEqual({ databases: [], caches: [], workers: 0, local: 0, session: 0, cookies: '' });
  await guest.leave();
});
