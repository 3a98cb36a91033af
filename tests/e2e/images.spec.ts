// Image tools: what was cut off or covered is not in what the other side gets, by pointer and by sliders alone.
import { Browser, Page, expect, test } from '@playwright/test';
import { Person, axeFindsNothing } from './support';

/** A PNG with a red, a green, a blue and a white quarter. */
async function quarters(page: Page, width: number, height: number): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ([width, height]) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d')!;
      for (const [at, colour] of ['#ff0000', '#00ff00', '#0000ff', '#ffffff'].entries()) {
        context.fillStyle = colour;
        context.fillRect(((at % 2) * width) / 2, (Math.floor(at / 2) * height) / 2, width / 2, height / 2);
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
      return btoa(String.fromCharCode(...bytes));
    },
    [width, height],
  );
  return Buffer.from(base64, 'base64');
}

/** Somebody in their notes, with a picture that waits to be sent. */
async function withPicture(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
  const ann = await Person.arrive(browser, 'Ann', options);
  await ann.create({ kind: 'temporary' });
  await ann.openNew(await ann.accountId());
  await ann.id('v1.attach-input').setInputFiles({ name: 'card.png', mimeType: 'image/png', buffer: await quarters(ann.page, 400, 200) });
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  return ann;
}

/** Size and colours of the picture that was sent last, at places given in parts of its sides. */
async function sent(ann: Person, places: [number, number][]): Promise<{ size: number[]; colours: string[] }> {
  await ann.id('v1.send').click();
  await ann.id('v1.picture').last().click();
  await expect(ann.id('v5.picture')).toBeVisible();
  const found = await ann.id('v5.picture').evaluate(async (image: HTMLImageElement, places) => {
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const colours = places.map(([x, y]) => {
      const [r, g, b] = context.getImageData(Math.floor(x * (canvas.width - 1)), Math.floor(y * (canvas.height - 1)), 1, 1).data;
      const name = (value: number) => (value > 200 ? '1' : value < 55 ? '0' : '?');
      return name(r) + name(g) + name(b);
    });
    return { size: [canvas.width, canvas.height], colours };
  }, places);
  await ann.id('v5.close').click();
  return found;
}

async function leave(person: Person): Promise<void> {
  expect(person.errors, `${person.name} saw errors`).toEqual([]);
  await person.leave();
}

/** Draws over the picture from one place to another, in parts of its sides. */
async function draw(ann: Person, from: [number, number], to: [number, number]): Promise<void> {
  const box = (await ann.id('v10.view').boundingBox())!;
  const at = ([x, y]: [number, number]): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  await ann.page.mouse.move(...at(from));
  await ann.page.mouse.down();
  await ann.page.mouse.move(...at(to), { steps: 4 });
  await ann.page.mouse.up();
}

test('a picture is turned, covered, cut and written on with the pointer', async ({ browser }) => {
  const ann = await withPicture(browser);
  await ann.id('v1.stage-edit').click();
  await expect(ann.id('v10.view')).toBeVisible();
  await expect(ann.id('v10.use')).toBeDisabled();
  // Turned: blue and red above, white and green below.
  await ann.id('v10.turn').click();
  await ann.id('v10.cover').click();
  await draw(ann, [0.02, 0.02], [0.45, 0.3]);
  await ann.id('v10.arrow').click();
  await draw(ann, [0.6, 0.9], [0.9, 0.6]);
  await ann.id('v10.undo').click();
  await ann.id('v10.cut').click();
  await draw(ann, [0, 0], [1, 0.5]);
  await ann.page.screenshot({ path: test.info().outputPath('tools.png') });
  await ann.id('v10.use').click();
  await expect(ann.id('v10.view')).toBeHidden();
  await expect(ann.id('v1.stage-busy')).toHaveCount(0);
  const { size, colours } = await sent(ann, [
    [0.2, 0.3],
    [0.2, 0.9],
    [0.8, 0.5],
  ]);
  expect(size).toEqual([200, 200]);
  expect(colours).toEqual(['000', '001', '100']);
  await leave(ann);
});

test('the same is done with keys and sliders alone', async ({ browser }) => {
  const ann = await withPicture(browser);
  await ann.id('v1.stage-edit').focus();
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('v10.view')).toBeVisible();
  const press = async (testid: string) => {
    await ann.id(testid).focus();
    await ann.page.keyboard.press('Enter');
  };
  await press('v10.sliders');
  // The right half stays.
  await ann.id('v10.x0').fill('50');
  await press('v10.blur');
  await press('v10.add');
  await ann.id('v10.x0').fill('50');
  await ann.id('v10.y0').fill('0');
  await ann.id('v10.x1').fill('100');
  await ann.id('v10.y1').fill('100');
  await press('v10.text');
  await expect(ann.id('v10.add')).toBeDisabled();
  await ann.id('v10.words').fill('Here');
  await press('v10.add');
  await press('v10.undo');
  await press('v10.use');
  await expect(ann.id('v10.view')).toBeHidden();
  await expect(ann.id('v1.stage-busy')).toHaveCount(0);
  const { size, colours } = await sent(ann, [
    [0.5, 0.1],
    [0.5, 0.9],
  ]);
  expect(size).toEqual([200, 200]);
  expect(colours).toEqual(['010', '111']);
  // Back closes the tools and leaves the picture as it was.
  await ann.id('v1.attach-input').setInputFiles({ name: 'card.png', mimeType: 'image/png', buffer: await quarters(ann.page, 400, 200) });
  await ann.id('v1.stage-edit').click();
  await ann.id('v10.turn').click();
  await ann.page.keyboard.press('Escape');
  await expect(ann.id('v10.view')).toBeHidden();
  expect((await sent(ann, [])).size).toEqual([400, 200]);
  await leave(ann);
});

test('Enter in the tools and in the words beside a picture sends nothing', async ({ browser }) => {
  const ann = await withPicture(browser);
  await ann.id('v1.stage-caption').fill('a card');
  await ann.id('v1.stage-caption').press('Enter');
  await ann.id('v1.stage-edit').click();
  await ann.id('v10.text').click();
  await ann.id('v10.words').fill('Here');
  await ann.id('v10.words').press('Enter');
  await expect(ann.id('v10.view')).toBeVisible();
  await ann.id('v10.cut').click();
  await ann.id('v10.sliders').click();
  await ann.id('v10.x0').press('Enter');
  await ann.id('v10.cancel').click();
  await expect(ann.id('v10.view')).toBeHidden();
  await expect(ann.id('v1.stage-edit')).toBeFocused();
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  await expect(ann.id('v1.stage-caption')).toHaveValue('a card');
  await expect(ann.id('v1.message')).toHaveCount(0);
  await leave(ann);
});

test('a picture that is removed or changed while it is made anew is there once or not at all', async ({ browser }) => {
  const ann = await withPicture(browser);
  /** Chooses qualities one right after the other, and then perhaps removes the picture. */
  const choose = (qualities: string[], remove: boolean) =>
    ann.page.evaluate(
      ([qualities, remove]) => {
        const select = document.querySelector<HTMLSelectElement>('[data-testid="v1.stage-quality"]')!;
        for (const quality of qualities) {
          select.value = quality;
          select.dispatchEvent(new Event('change', { bubbles: true }));
        }
        if (remove) document.querySelector<HTMLElement>('[data-testid="v1.stage-remove"]')!.click();
      },
      [qualities, remove] as const,
    );
  const settled = async (count: number) => {
    await expect(ann.id('v1.stage-busy')).toHaveCount(0);
    await expect(ann.id('v1.stage-file')).toHaveCount(count);
    // What is kept for the next message is the same.
    const here = ann.page.url();
    await ann.page.goto('/#/settings');
    await expect(ann.screen('v1')).toHaveCount(0);
    await ann.page.goto(here);
    await expect(ann.screen('v1')).toBeVisible();
    await expect(ann.id('v1.stage-file')).toHaveCount(count);
  };
  await choose(['small', 'original'], false);
  await expect(ann.id('v1.stage-quality')).toHaveValue('small');
  await settled(1);
  await choose(['original'], true);
  await settled(0);
  await leave(ann);
});

test('the focus stays among the files as long as there are any', async ({ browser }) => {
  const ann = await withPicture(browser);
  await ann.id('v1.stage-quality').focus();
  await ann.id('v1.stage-quality').selectOption('small');
  await expect(ann.id('v1.stage-busy')).toHaveCount(0);
  await expect(ann.id('v1.stage-quality')).toBeFocused();
  await ann.id('v1.attach-input').setInputFiles({ name: 'list.txt', mimeType: 'text/plain', buffer: Buffer.from('one') });
  await expect(ann.id('v1.stage-file')).toHaveCount(2);
  await ann.id('v1.stage-remove').first().click();
  await expect(ann.id('v1.stage-file')).toHaveCount(1);
  await expect(ann.id('v1.stage-remove')).toBeFocused();
  await ann.page.keyboard.press('Enter');
  await expect(ann.id('v1.stage-file')).toHaveCount(0);
  await expect(ann.id('v1.composer')).toBeFocused();
  await leave(ann);
});

test('whoever leaves while the own picture is cut leaves in peace', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  await ann.page.goto('/#/settings');
  await ann.id('x1.picture').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: await quarters(ann.page, 400, 200) });
  await expect(ann.id('x1.crop')).toBeVisible();
  await ann.page.evaluate(() => {
    document.querySelector<HTMLElement>('[data-testid="x1.save-picture"]')!.click();
    location.hash = '#/chats';
  });
  await expect(ann.id('x1.crop')).toHaveCount(0);
  // Another answer of the page shows that it lives.
  await ann.page.goto('/#/settings');
  await expect(ann.id('x1.picture')).toBeAttached();
  await leave(ann);
});

test('a file alone is told in the row of its conversation', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Ann');
  await ann.create({ kind: 'temporary' });
  await ann.openNew('05b4c2e1d0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b301');
  await ann.send('Hello');
  await expect(ann.id('c1.row')).toContainText('You: \u2068Hello');
  await leave(ann);
  const notes = await withPicture(browser);
  await notes.id('v1.send').click();
  await expect(notes.id('c1.row')).toContainText('Picture');
  await leave(notes);
});

for (const [width, height] of [
  [320, 640],
  [1280, 800],
]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the image tools are free of findings at ${width} px, ${colorScheme}`, async ({ browser }) => {
      const ann = await withPicture(browser, { viewport: { width, height }, colorScheme });
      await ann.id('v1.stage-edit').click();
      await ann.id('v10.text').click();
      await ann.id('v10.words').fill('Look here');
      await draw(ann, [0.1, 0.3], [0.1, 0.3]);
      await ann.id('v10.arrow').click();
      await draw(ann, [0.2, 0.8], [0.7, 0.4]);
      await ann.id('v10.sliders').click();
      await axeFindsNothing(ann.page, 'tools');
      await ann.page.screenshot({ path: test.info().outputPath('tools.png') });
      await leave(ann);
    });
  }
}
