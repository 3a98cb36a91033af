// What surrounds a conversation: requests, details, safety numbers, QR codes, search, settings, the recovery phrase.
import { Browser, Page, expect, test } from '@playwright/test';
import { PASSPHRASE, Person, axeFindsNothing } from './support';

async function nothingScrollsSideways(page: Page, where: string): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, `${where} scrolls sideways`).toBeLessThanOrEqual(0);
}

async function arrive(browser: Browser, name: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
  const person = await Person.arrive(browser, name, options);
  await person.create({ kind: 'device' });
  await person.connected();
  return person;
}

/** Ann writes to Bob for the first time. */
async function write(ann: Person, bob: Person, text: string): Promise<void> {
  const id = await bob.accountId();
  await bob.page.goto('/#/chats');
  await ann.openNew(id);
  await ann.send(text);
  await ann.stored(text);
}

/** Ann and Bob accepted each other. */
async function acquaint(ann: Person, bob: Person): Promise<void> {
  await write(ann, bob, 'hello');
  await bob.openRow(ann.name);
  await bob.sees('hello');
  await bob.send('hello back');
  await bob.stored('hello back');
  await ann.sees('hello back');
}

test('a request is shown inert, and accepted, declined with undo, or blocked', async ({ browser }) => {
  const bob = await arrive(browser, 'Bob');
  const ann = await arrive(browser, 'Ann');
  const eve = await arrive(browser, 'Eve');
  const mallory = await arrive(browser, 'Mallory');
  await write(ann, bob, 'see https://example.org');
  await write(eve, bob, 'buy this');
  await write(mallory, bob, 'and this');

  await expect(bob.id('c1.requests')).toContainText('3', { timeout: 60_000 });
  await expect(bob.id('c1.row')).toHaveCount(0);
  await bob.id('c1.requests').click();
  await expect(bob.screen('c3')).toHaveAttribute('data-state', 'ready');
  const request = (name: string) => bob.id('c3.request').filter({ hasText: name });
  await expect(request('Ann').getByTestId('c3.text')).toHaveText('see https://example.org');
  await expect(request('Ann').getByTestId('c3.text').locator('a')).toHaveCount(0);

  // Declining can be taken back.
  await request('Eve').getByTestId('c3.decline').click();
  await expect(request('Eve')).toHaveCount(0);
  await bob.id('toast.undo').click();
  await expect(request('Eve')).toHaveCount(1);
  await request('Eve').getByTestId('c3.decline').click();
  await request('Mallory').getByTestId('c3.block').click();
  await expect(bob.id('c3.request')).toHaveCount(1);
  // Who tells what they read may keep it to themselves this once; who does not tell has nothing to choose.
  await expect(bob.id('c3.accept-quietly')).toHaveCount(0);
  await bob.page.goto('/#/settings/privacy');
  await bob.id('x4.read').check();
  await bob.page.goto('/#/requests');
  await request('Ann').getByTestId('c3.accept-quietly').click();
  await expect(bob.screen('v1')).toBeVisible();
  await bob.sees('see https://example.org');

  // The one who is blocked is in the list of blocked people, and can be let in again.
  await bob.page.goto('/#/settings/privacy');
  await expect(bob.id('x4.blocked')).toHaveCount(1, { timeout: 30_000 });
  await bob.id('x4.unblock').click();
  await expect(bob.id('x4.blocked-none')).toBeVisible();
  expect(bob.errors).toEqual([]);
  for (const person of [ann, bob, eve, mallory]) await person.leave();
});

test('two people compare their safety number, see another one differ, and mark it', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await acquaint(ann, bob);
  const open = async (person: Person, other: string) => {
    await person.openRow(other);
    await person.id('v1.details').click();
    await person.id('v2.verify').click();
    await expect(person.screen('sv')).toBeVisible();
    await expect(person.id('sv.group')).toHaveCount(12);
    const groups = await person.id('sv.group').allTextContents();
    return groups.join(' ');
  };
  const [anns, bobs] = [await open(ann, 'Bob'), await open(bob, 'Ann')];
  expect(anns).toBe(bobs);
  expect(await ann.id('sv.words').textContent()).toBe(await bob.id('sv.words').textContent());

  await bob.id('sv.typed').fill(anns);
  await bob.id('sv.compare').click();
  await expect(bob.id('sv.result')).toHaveAttribute('data-result', 'same');
  const wrong = anns.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10));
  await bob.id('sv.typed').fill(wrong);
  await bob.id('sv.compare').click();
  await expect(bob.id('sv.result')).toHaveAttribute('data-result', 'different');
  await expect(bob.id('sv.group').first()).toHaveClass(/differs/);

  // The other's code, read out of a picture of their screen.
  const picture = await ann.id('sv.qr').screenshot();
  await bob.id('sv.scan').click();
  await bob.id('k3.file').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
  await expect(bob.id('sv.result')).toHaveAttribute('data-result', 'same');

  await bob.id('sv.mark-verified').click();
  await expect(bob.id('v2.verified')).toHaveAttribute('data-verified', 'true');
  await bob.page.keyboard.press('Escape');
  await expect(bob.id('c1.row-verified')).toBeVisible();
  // The tick of the head leads to the number as well.
  await bob.id('v1.verified').click();
  await expect(bob.screen('sv')).toBeVisible();
  await bob.page.keyboard.press('Escape');
  expect([...ann.errors, ...bob.errors]).toEqual([]);
  await ann.leave();
  await bob.leave();
});

test('a code shown on one screen is read on another, and a name is what it seems', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  const id = await ann.accountId();
  await expect(ann.id('n1.my-words')).toHaveText(/^([a-z]+ ){3}[a-z]+$/);
  const words = (await ann.id('n1.my-words').textContent()) ?? '';
  await ann.id('n1.show-qr').click();
  const saved = ann.page.waitForEvent('download');
  await ann.id('n1.save-qr').click();
  expect((await saved).suggestedFilename()).toBe('onionskin-qr.png');
  const picture = await ann.id('n1.qr').screenshot();

  await bob.page.goto('/#/new');
  const before = bob.requests.length;
  await bob.id('n1.scan').click();
  await bob.id('k3.file').setInputFiles({ name: 'blank.png', mimeType: 'image/png', buffer: await bob.id('k3.scanner').screenshot() });
  await expect(bob.id('k3.said')).toBeVisible();
  await bob.id('k3.file').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
  await expect(bob.screen('k3')).not.toBeVisible();
  expect(((await bob.id('n1.preview-id').textContent()) ?? '').replace(/\s+/g, '')).toBe(id);
  // Both compare four words instead of 66 characters.
  await expect(bob.id('n1.preview-words')).toHaveText(words);
  // The decoder came with the first scan, not before.
  expect(bob.requests.slice(before).some((url) => /\/qr[-_]/.test(url))).toBeTruthy();

  // One slip is noticed once the person is known.
  await bob.id('n1.message').click();
  await expect(bob.screen('v1')).toBeVisible();
  await bob.id('v1.details').click();
  await expect(bob.id('v2.words')).toHaveText(words);
  await bob.page.goto('/#/new');
  // What owns the account is no way to reach anybody, as words and as codes carry it.
  for (const secret of ['puffin luxury annoyed rustled memoir faxed smidgen puddle kiwi nylon utopia zinger kiwi', 'a1'.repeat(16)]) {
    await bob.id('n1.input').fill(secret);
    await expect(bob.id('n1.secret')).toBeVisible();
    await expect(bob.id('n1.message')).toHaveCount(0);
  }
  await bob.id('n1.input').fill(`${id.slice(0, 20)}g${id.slice(21)}`);
  await bob.id('n1.meant').click();
  await expect(bob.id('n1.preview')).toBeVisible();

  await bob.id('n1.input').fill('surely-nobody-has-this-name');
  await expect(bob.id('n1.name-failed')).toHaveAttribute('data-code', 'NAME-NONE', { timeout: 60_000 });

  // An invitation leaves nothing in the address.
  await bob.page.goto(`/#/invite/${id}`);
  await expect(bob.screen('n2')).toBeVisible();
  expect(bob.page.url()).not.toContain(id);
  await bob.id('n2.not-now').click();
  await expect(bob.screen('c1')).toBeVisible();
  expect(bob.errors).toEqual([]);
  await ann.leave();
  await bob.leave();
});

test('a changed name and picture are seen by the other side', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await acquaint(ann, bob);
  await ann.page.goto('/#/settings');
  await ann.id('x1.name').fill('Annabelle');
  await ann.id('x1.save-name').click();
  const picture = await ann.page.screenshot({ clip: { x: 0, y: 0, width: 400, height: 300 } });
  await ann.id('x1.picture').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: picture });
  await expect(ann.id('x1.crop')).toBeVisible();
  await ann.id('x1.zoom').fill('200');
  await ann.id('x1.save-picture').click();
  await expect(ann.id('x1.crop')).not.toBeVisible();
  await expect(ann.screen('x0').getByTestId('avatar.picture').first()).toBeVisible();
  await ann.openRow('Bob');
  await ann.send('look at me');
  await ann.stored('look at me');
  await expect(bob.id('v1.name')).toHaveText('Annabelle', { timeout: 60_000 });
  await expect(bob.screen('v1').getByTestId('avatar.picture').first()).toBeVisible({ timeout: 60_000 });

  // A nickname stands above it.
  await bob.id('v1.details').click();
  await bob.id('v2.nickname').fill('Sis');
  await bob.id('v2.save-nickname').click();
  await expect(bob.id('v2.name')).toHaveText('Sis');
  await expect(bob.id('c1.row')).toContainText('Sis');
  expect([...ann.errors, ...bob.errors]).toEqual([]);
  await ann.leave();
  await bob.leave();
});

test('messages are found by words and operators, and starred ones by their list', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  await ann.openNew(await ann.accountId());
  for (const text of ['the quick brown fox', 'Äpfel and pears', 'see https://example.org/fox']) {
    await ann.send(text);
    await ann.stored(text);
  }
  await ann.page.goto('/#/search');
  await ann.id('s1.input').fill('fox');
  await expect(ann.id('s1.hit')).toHaveCount(2);
  await expect(ann.id('s1.hit').first().locator('mark')).toHaveText('fox');
  await ann.id('s1.input').fill('fox has:link');
  await expect(ann.id('s1.hit')).toHaveCount(1);
  await ann.id('s1.chip').first().click();
  await expect(ann.id('s1.input')).toHaveValue('fox');
  await ann.id('s1.input').fill('apfel');
  await expect(ann.id('s1.hit')).toHaveCount(1);
  await ann.id('s1.input').fill('from:nobody fox');
  await expect(ann.id('s1.nothing')).toBeVisible();
  await expect(ann.id('s1.unknown')).toContainText('nobody');
  await ann.id('s1.widen').click();
  await expect(ann.id('s1.input')).toHaveValue('fox');
  // Links stand by themselves as well, and so do files, by their names.
  await expect(ann.id('s1.links').getByTestId('s1.few')).toContainText('example.org');
  await expect(ann.id('s1.files')).toHaveCount(0);
  // What can be done and chosen is found beside what was said.
  await ann.id('s1.input').fill('read rec');
  await expect(ann.id('s1.place')).toContainText('Read receipts');
  await ann.id('s1.input').fill('shortcut');
  await ann.id('s1.action').click();
  await expect(ann.screen('k2')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await ann.id('s1.input').fill('"quick brown"');
  await expect(ann.id('s1.hit')).toHaveCount(1);
  await ann.id('s1.hit').click();
  await expect(ann.message('the quick brown fox')).toBeVisible();
  await ann.send('off we go 🚀');
  await ann.id('v1.attach-input').setInputFiles({ name: 'foxes.txt', mimeType: 'text/plain', buffer: Buffer.from('many') });
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  await ann.id('v1.send').click();
  await expect(ann.id('v1.stage-file')).toHaveCount(0);
  await ann.page.goto('/#/search');
  await ann.id('s1.input').fill('foxes');
  await expect(ann.id('s1.files').getByTestId('s1.few')).toContainText('foxes.txt');
  await ann.id('s1.input').fill('rocket');
  await ann.id('s1.emoji').first().click();
  await expect(ann.id('s1.input')).toHaveValue('🚀');
  await expect(ann.id('s1.hit')).toHaveText(/off we go/);
  // A person is found by the label as well, and the row has the menu of the list.
  await ann.id('s1.input').fill('note');
  await ann.id('s1.person').click({ button: 'right' });
  await ann.id('c1.label').click();
  await ann.id('label.name').fill('diary');
  await ann.id('label.save').click();
  await expect(ann.id('c1.row-label')).toHaveText('diary');
  await ann.id('s1.input').fill('diary');
  await expect(ann.id('s1.person')).toContainText('Note to Self');
  await ann.page.goto('/#/starred');
  await expect(ann.screen('s2')).toHaveAttribute('data-state', 'empty');
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('the recovery phrase asks for the passphrase, and three words are checked', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create();
  await ann.id('c1.save-phrase').click();
  await ann.id('r1.passphrase').fill('something else');
  await ann.id('r1.reveal').click();
  await expect(ann.id('r1.error')).toHaveAttribute('data-code', 'VAULT-PASS');
  await ann.revealPhrase(PASSPHRASE);
  const words = (await ann.id('r1.word').allTextContents()).map((word) => word.replace(/[^a-z]/g, ''));
  await ann.id('r1.show-qr').click();
  await expect(ann.id('r1.qr')).toBeVisible();
  await ann.id('r1.done').click();
  await expect(ann.id('r1.word')).toHaveCount(0);
  const fields = await ann.id('r1.check').all();
  expect(fields).toHaveLength(3);
  for (const field of fields) await field.fill('wrong');
  await ann.id('r1.check-done').click();
  await expect(ann.id('r1.check-wrong')).toBeVisible();
  for (const field of fields) await field.fill(words[Number(await field.getAttribute('data-place')) - 1]);
  await ann.id('r1.check-done').click();
  await expect(ann.screen('r1')).not.toBeVisible();
  await expect(ann.id('c1.save-phrase')).toHaveCount(0);

  // On paper now: this device need not show it any more, and does not after a reload either.
  await ann.page.goto('/#/settings');
  await expect(ann.id('x3.phrase-state')).toContainText('checked');
  await ann.id('x3.phrase').click();
  await ann.revealPhrase(PASSPHRASE);
  await ann.id('r1.print-code').check();
  await ann.page.emulateMedia({ media: 'print' });
  await expect(ann.id('r1.print-qr')).toBeVisible();
  await ann.page.emulateMedia({ media: null });
  await ann.id('r1.hide-here').click();
  await ann.id('r1.hide-written').check();
  await ann.id('r1.hide-sure').click();
  await expect(ann.id('r1.word')).toHaveCount(13);
  await ann.id('r1.hide-sure').click();
  await expect(ann.id('r1.hidden')).toBeVisible();
  await expect(ann.id('r1.word')).toHaveCount(0);
  await ann.page.reload();
  await ann.unlock();
  await ann.page.goto('/#/settings');
  await expect(ann.id('x3.phrase-state')).toContainText('hidden');
  await ann.id('x3.phrase').click();
  await expect(ann.id('r1.hidden')).toBeVisible();
  await expect(ann.id('r1.reveal')).toHaveCount(0);
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

test('rows are pinned, marked, archived and brought back by keys alone', async ({ browser }) => {
  const ann = await arrive(browser, 'Ann');
  const bob = await arrive(browser, 'Bob');
  await ann.openNew(await ann.accountId());
  await ann.send('note');
  await acquaint(bob, ann);
  await ann.page.goto('/#/chats');
  const notes = ann.id('c1.row').filter({ hasText: 'note' });
  await notes.focus();
  await ann.page.keyboard.press('p');
  await expect(notes.getByTestId('c1.row-pinned')).toBeVisible();
  await expect(ann.id('c1.row').first()).toContainText('note');
  await expect(notes).toBeFocused();
  await ann.page.keyboard.press('u');
  await expect(notes.getByTestId('c1.marked-unread')).toBeVisible();
  await ann.id('c1.filter-unread').click();
  await expect(ann.id('c1.row')).toHaveCount(1);
  await ann.id('c1.filter-all').click();
  await notes.focus();
  await ann.page.keyboard.press('Shift+F10');
  await expect(ann.id('menu')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await expect(notes).toBeFocused();
  await ann.page.keyboard.press('e');
  await expect(ann.id('c1.row')).toHaveCount(1);
  await ann.page.goto('/#/archive');
  await expect(ann.screen('c2').getByTestId('c1.row')).toHaveCount(1);
  await ann.screen('c2').getByTestId('c1.row').focus();
  await ann.page.keyboard.press('e');
  await expect(ann.screen('c2')).toHaveAttribute('data-state', 'empty');

  // Several at once.
  await ann.page.goto('/#/chats');
  await expect(ann.screen('c1').getByTestId('c1.row')).toHaveCount(2);
  await ann.id('c1.row').first().focus();
  await ann.page.keyboard.press('Space');
  await ann.page.keyboard.press('ArrowDown');
  await ann.page.keyboard.press('Space');
  await expect(ann.id('c1.selection')).toContainText('2');
  await ann.id('c1.bulk-archive').click();
  await expect(ann.screen('c1').getByTestId('c1.row')).toHaveCount(0);
  await ann.id('toast.undo').click();
  await expect(ann.screen('c1').getByTestId('c1.row')).toHaveCount(2);
  expect(ann.errors).toEqual([]);
  await ann.leave();
  await bob.leave();
});

test('what is chosen stays chosen, and notifications ask only when they are switched on', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann', { permissions: ['notifications'] });
  await ann.create({ kind: 'device' });
  await ann.page.goto('/#/settings/privacy');
  await ann.id('x4.read').check();
  await ann.id('x4.undo-5').check();
  await ann.id('x4.timer').selectOption('send-86400');
  await expect(ann.id('x4.spell')).not.toBeChecked();
  await ann.id('x4.enter-mod').check();
  await ann.page.goto('/#/settings/notifications');
  // The page before was read further down; this one starts at its top.
  await expect.poll(() => ann.page.evaluate(() => document.querySelector('#main .pane-body')!.scrollTop)).toBe(0);
  await ann.id('x6.on').check();
  await ann.id('x6.detail-name').check();
  await ann.id('x6.quiet').check();
  await ann.id('x6.quiet-from').fill('21:30');
  await ann.page.goto('/#/settings/devices');
  await expect(ann.id('x5.state')).toBeVisible();
  await ann.page.reload();
  await ann.page.goto('/#/settings/notifications');
  await expect(ann.id('x6.on')).toBeChecked();
  await expect(ann.id('x6.detail-name')).toBeChecked();
  await expect(ann.id('x6.quiet-from')).toHaveValue('21:30');
  await ann.page.goto('/#/settings/privacy');
  await expect(ann.id('x4.read')).toBeChecked();
  await expect(ann.id('x4.undo-5')).toBeChecked();
  await expect(ann.id('x4.timer')).toHaveValue('send-86400');
  await ann.id('x4.defaults').click();
  await expect(ann.id('x4.read')).not.toBeChecked();
  await ann.id('x4.undo').click();
  await expect(ann.id('x4.read')).toBeChecked();
  // Enter breaks the line now.
  await ann.openNew(await ann.accountId());
  await expect(ann.id('v1.composer')).toHaveAttribute('spellcheck', 'false');
  await ann.id('v1.composer').press('a');
  await ann.id('v1.composer').press('Enter');
  await ann.id('v1.composer').press('b');
  await expect(ann.id('v1.composer')).toHaveValue('a\nb');
  await ann.id('v1.composer').press('Control+Enter');
  await expect(ann.id('v1.message-text')).toHaveText('a\nb');
  expect(ann.errors).toEqual([]);
  await ann.leave();
});

for (const width of [320, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`these screens are accessible at ${width} px, ${colorScheme}`, async ({ browser }, info) => {
      const ann = await arrive(browser, 'Ann', { viewport: { width, height: 720 }, colorScheme });
      const bob = await arrive(browser, 'Bob');
      await write(bob, ann, 'May I write to you?');
      const look = async (name: string) => {
        await expect(ann.screen(name).first()).toBeVisible();
        await axeFindsNothing(ann.page, name);
        await nothingScrollsSideways(ann.page, name);
        await ann.page.screenshot({ path: info.outputPath(`${name}.png`) });
      };
      const at = async (route: string, name: string) => {
        await ann.page.goto(`/#/${route}`);
        await look(name);
      };
      await expect(ann.id('c1.requests')).toBeVisible({ timeout: 60_000 });
      await look('c1');
      await at('requests', 'c3');
      await ann.id('c3.accept').click();
      await expect(ann.screen('v1')).toBeVisible();
      if (width === 320) await ann.id('v1.menu').click();
      await ann.id(width === 320 ? 'c1.details' : 'v1.details').click();
      await look('v2');
      await ann.id('v2.verify').click();
      await expect(ann.id('sv.digits')).toBeVisible();
      await look('sv');
      await ann.page.keyboard.press('Escape');
      await at('chats', 'c1');
      await ann.id('c1.row').first().click({ button: 'right' });
      await expect(ann.id('menu')).toBeVisible();
      await axeFindsNothing(ann.page, 'menu');
      await ann.page.screenshot({ path: info.outputPath('menu.png') });
      await ann.page.keyboard.press('Escape');
      await at('new', 'n1');
      await ann.id('n1.show-qr').click();
      await look('n1');
      await ann.id('n1.scan').click();
      await look('k3');
      await ann.page.keyboard.press('Escape');
      await at('search', 's1');
      await ann.id('s1.input').fill('write');
      await expect(ann.id('s1.hit')).toHaveCount(1);
      await look('s1');
      await at('starred', 's2');
      await at('mentions', 's3');
      await at('archive', 'c2');
      await at('settings', 'x0');
      await at('settings/privacy', 'x4');
      await at('settings/notifications', 'x6');
      await at('settings/devices', 'x5');
      await ann.id('x5.phrase').click();
      await look('r1');
      expect(ann.errors).toEqual([]);
      await ann.leave();
      await bob.leave();
    });
  }
}
