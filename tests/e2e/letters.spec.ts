// What other apps send and ours does not: previews with pictures, files that are gone, messages that do not open.
import { expect, test } from '@playwright/test';
import { Writer, data, field, joined, pointer } from './letters';
import { Person } from './support';

test('a preview shows its picture, what is gone is asked for again, and what does not open holds nothing up', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'device' });
  await ann.connected();
  const own = await ann.accountId();
  const eve = await Writer.make();
  const profile = field(101, field(1, 'Eve'));

  await eve.write(own, data(field(1, 'May I?'), profile));
  await ann.openRow('Eve');
  await ann.send('You may');

  await test.step('a link with a preview and its picture', async () => {
    const picture = await ann.page.screenshot({ clip: { x: 0, y: 0, width: 120, height: 80 } });
    const image = await pointer('preview.png', 'image/png', picture, true);
    const link = 'https://example.org/tea';
    const preview = joined(field(1, link), field(2, 'All about tea'), field(3, image));
    const before = ann.requests.length;
    await eve.write(own, data(field(1, `Look: ${link}`), field(10, preview), profile));
    const shown = ann.id('v1.preview');
    await expect(shown).toContainText('All about tea', { timeout: 60_000 });
    await expect(shown).toContainText('example.org');
    await shown.getByTestId('v1.preview-load').click();
    await expect(shown.getByTestId('v1.preview-picture')).toBeVisible({ timeout: 60_000 });
    const wide = await shown.getByTestId('v1.preview-picture').evaluate((image: HTMLImageElement) => image.naturalWidth);
    expect(wide).toBeGreaterThan(0);
    // Nobody asked the site.
    expect(ann.requests.slice(before).filter((url) => url.includes('example.org'))).toEqual([]);
  });

  await test.step('a file that the server has no more is asked for again', async () => {
    const gone = await pointer('report.txt', 'text/plain', Buffer.from('gone'), false);
    await eve.write(own, data(field(1, 'the report'), field(2, gone), profile));
    await ann.sees('the report');
    const file = ann.message('the report').getByTestId('v1.file');
    await file.getByTestId('v1.file-load').click();
    await expect(file.getByText('FILE-GONE')).toBeVisible({ timeout: 60_000 });
    await file.getByTestId('v1.file-ask').click();
    await expect(ann.id('v1.reply-strip')).toContainText('the report');
    await expect(ann.id('v1.composer')).not.toHaveValue('');
    await ann.id('v1.send').click();
    await expect(ann.id('v1.message').last().getByTestId('v1.quote')).toContainText('the report');
  });

  await test.step('a message that does not open has its row, and is asked for again as well', async () => {
    await eve.write(own, new Uint8Array([0xff]));
    await eve.write(own, data(field(1, 'behind it'), profile));
    await ann.sees('behind it');
    const row = ann.id('v1.message').filter({ has: ann.id('v1.unopened') });
    await expect(row).toHaveCount(1);
    await expect(row).toContainText('MSG-DECRYPT');
    await row.getByTestId('v1.read-again').click();
    await expect(row.getByTestId('v1.unopened-still')).toBeVisible();
    await row.getByTestId('v1.unopened-info').click();
    await expect(ann.screen('v6')).toBeVisible();
    await ann.page.keyboard.press('Escape');
    await expect(ann.screen('v6')).toBeHidden();
    // The same by keys.
    await row.focus();
    await ann.page.keyboard.press('Enter');
    await ann.id('v1.menu-ask-again').click();
    await expect(ann.id('v1.reply-strip')).toBeVisible();
    await ann.page.reload();
    await ann.openRow('Eve');
    await expect(row).toHaveCount(1);
  });

  await test.step('a button leads from one unread mention to the next', async () => {
    const write = async (from: number, to: number, mentions: number[]) => {
      for (let n = from; n <= to; n += 1) {
        const text = mentions.includes(n) ? `@${own} number ${n}` : `number ${n}`;
        await eve.write(own, data(field(1, text), profile));
      }
    };
    await ann.page.goto('/#/settings');
    await write(1, 30, []);
    await expect(ann.id('c1.row').getByTestId('c1.unread')).toContainText('30', { timeout: 60_000 });
    await ann.openRow('Eve');
    // It opens where reading ended; what comes now is below.
    await expect(ann.id('v1.unread-divider')).toBeInViewport();
    await expect(ann.id('v1.newest')).toBeVisible();
    // What is on screen was read, what is below was not.
    await expect(ann.id('c1.row').getByTestId('c1.unread')).toContainText(/[12]\d unread/);
    await write(31, 80, [40, 60]);
    const mention = (n: number) => ann.id('v1.message').filter({ hasText: `number ${n}` });
    await expect(mention(80)).toHaveCount(1, { timeout: 60_000 });
    // Whoever looks at one for a moment has read it, so the first one comes again only for somebody quick, or away.
    const look = (state: DocumentVisibilityState) =>
      ann.page.evaluate((state) => {
        Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await look('hidden');
    for (const n of [40, 60, 40]) {
      await ann.id('v1.next-mention').click();
      await expect(mention(n)).toHaveClass(/marked-row/);
      await expect(mention(n)).toBeInViewport();
    }
    await look('visible');
    await ann.id('v1.newest').click();
    await expect(ann.id('v1.next-mention')).toHaveCount(0);
  });
  expect(ann.errors).toEqual([]);
  await ann.leave();
});
