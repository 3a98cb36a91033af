// Fingers that swipe messages and rows, a mouse that drags pinned rows, and the keys that do the same.
import { Browser, Locator, expect, test } from '@playwright/test';
import { Person } from './support';

const OTHERS = ['05b4c2e1d0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b301', '05a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90', '05c0ffee5eed0123456789abcdef0123456789abcdef0123456789abcdef012345'];

/** Somebody with three conversations and the last one open. */
async function withRows(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
  const ann = await Person.arrive(browser, 'Ann', options);
  await ann.create({ kind: 'temporary' });
  for (const id of OTHERS) {
    await ann.openNew(id);
    await ann.send(`To ${id.slice(2, 6)}`);
  }
  return ann;
}

/** A finger on the middle of something moves by so many pixels and leaves. */
async function swipe(ann: Person, what: Locator, across: number, down = 0): Promise<void> {
  const box = (await what.boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const touch = await ann.context.newCDPSession(ann.page);
  const send = (type: string, points: object[]) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points } as never);
  await send('touchStart', [{ x, y }]);
  for (let step = 1; step <= 6; step++) {
    await send('touchMove', [{ x: x + (across * step) / 6, y: y + (down * step) / 6 }]);
  }
  await send('touchEnd', []);
  await touch.detach();
}

async function leave(person: Person): Promise<void> {
  expect(person.errors, `${person.name} saw errors`).toEqual([]);
  await person.leave();
}

const row = (ann: Person, id: string) => ann.id('c1.row').filter({ hasText: id.slice(0, 4) }).filter({ hasText: id.slice(-4) });
const order = async (ann: Person) => (await ann.id('c1.row').locator('.row-name').allTextContents()).map((name) => name.slice(-4));

test('a finger that swipes a message answers it, a short or slanted one does not', async ({ browser }) => {
  const ann = await withRows(browser, { viewport: { width: 320, height: 640 }, hasTouch: true });
  const message = ann.message(`To ${OTHERS[2].slice(2, 6)}`);
  await swipe(ann, message, 30);
  await swipe(ann, message, 90, 90);
  await expect(ann.id('v1.reply-strip')).toHaveCount(0);
  await swipe(ann, message, 90);
  await expect(ann.id('v1.reply-strip')).toContainText(`To ${OTHERS[2].slice(2, 6)}`);
  await leave(ann);
});

test('a finger that swipes a row marks it or archives it, unless that is switched off', async ({ browser }) => {
  const ann = await withRows(browser, { viewport: { width: 320, height: 640 }, hasTouch: true });
  await ann.page.goto('/#/chats');
  const first = row(ann, OTHERS[0]);
  await swipe(ann, first, 90);
  await expect(first.getByTestId('c1.marked-unread')).toBeVisible();
  await swipe(ann, first, 90);
  await expect(first.getByTestId('c1.marked-unread')).toHaveCount(0);
  await expect(ann.screen('c1')).toBeVisible();
  await swipe(ann, first, -90);
  await expect(first).toHaveCount(0);
  await ann.id('toast.undo').click();
  await expect(first).toBeVisible();
  await ann.page.goto('/#/settings/privacy');
  await ann.id('x4.swipe').uncheck();
  await ann.page.goto('/#/chats');
  await swipe(ann, first, -90);
  await expect(first).toBeVisible();
  await leave(ann);
});

test('pinned rows are put in order by dragging and by keys', async ({ browser }) => {
  const ann = await withRows(browser);
  const [a, b, c] = OTHERS.map((id) => id.slice(-4));
  for (const id of OTHERS) {
    await row(ann, id).focus();
    await ann.page.keyboard.press('p');
    await expect(row(ann, id).getByTestId('c1.row-pinned')).toBeVisible();
  }
  await expect.poll(() => order(ann)).toHaveLength(3);
  const before = await order(ann);
  expect([...before].sort()).toEqual([a, b, c].sort());
  const at = async (name: string) => {
    const box = (await ann.id('c1.row').filter({ hasText: name }).boundingBox())!;
    return [box.x + 100, box.y + box.height / 2] as const;
  };
  const here = ann.page.url();
  const [x, from] = await at(before[0]);
  const [, to] = await at(before[2]);
  await ann.page.mouse.move(x, from);
  await ann.page.mouse.down();
  await ann.page.mouse.move(x, (from + to) / 2, { steps: 5 });
  await ann.page.mouse.move(x, to, { steps: 5 });
  await expect(ann.page.locator('[data-landing="below"]')).toHaveCount(1);
  await ann.page.screenshot({ path: test.info().outputPath('dragging.png') });
  await ann.page.mouse.up();
  await expect.poll(() => order(ann)).toEqual([before[1], before[2], before[0]]);
  // The press that ended the drag opened nothing.
  expect(ann.page.url()).toBe(here);
  await ann.id('c1.row').filter({ hasText: before[0] }).focus();
  await ann.page.keyboard.press('Alt+Shift+ArrowUp');
  await expect.poll(() => order(ann)).toEqual([before[1], before[0], before[2]]);
  // The row that moved keeps the focus, so the same keys move it on.
  await expect(ann.page.locator(':focus')).toContainText(before[0]);
  await ann.page.keyboard.press('Alt+Shift+ArrowUp');
  await expect.poll(() => order(ann)).toEqual([before[0], before[1], before[2]]);
  await leave(ann);
});
