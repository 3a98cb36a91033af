import { Page, expect, test } from '@playwright/test';
import { PASSPHRASE, Person } from './support';

test('the network page tells figures, a choice is kept over a reload, and locking leaves only the connection', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Ann');
  await person.create();
  await person.connected();
  await person.page.goto('/#/network');
  await expect(person.id('p1.nodes')).toHaveText('12');
  await expect(person.id('p1.swarm-node').first()).toBeVisible();
  await expect(person.id('p1.detail')).toContainText('ms');
  await expect(person.id('p1.way')).toContainText(new URL(person.page.url()).host);
  await expect(person.id('p1.today')).not.toHaveText('0 kB');
  await person.id('p1.test-relays').click();
  await expect(person.id('p1.test-relays')).toBeEnabled();
  await expect(person.id('p1.relay')).toHaveCount(1);
  await expect(person.id('p1.relay-facts')).toContainText('ms');
  await expect(person.id('p1.verdict')).toContainText('agrees');

  await person.id('p1.data-reset').click();
  await person.id('p1-reset.cancel').click();
  await expect(person.screen('p1-reset')).toBeHidden();

  await person.id('p1.settings').click();
  await expect(person.screen('x9')).toBeVisible();
  await expect(person.id('x9.pace-adaptive')).toBeChecked();
  await expect(person.id('x9.transport-automatic'), 'there is no choice of transport here').toHaveCount(0);
  await person.id('x9.pace-15').check();
  await person.id('x9.strict-paths').check();
  await expect(person.id('x9.defaults')).toBeEnabled();
  await person.page.reload();
  await person.unlock();
  await person.page.goto('/#/settings/network');
  await expect(person.id('x9.pace-15')).toBeChecked();
  await expect(person.id('x9.strict-paths')).toBeChecked();
  await expect(person.id('x9.saver')).not.toBeChecked();

  await person.id('x9.defaults').click();
  await expect(person.id('x9.pace-adaptive')).toBeChecked();
  await expect(person.id('x9.strict-paths')).not.toBeChecked();
  await person.id('x9.undo').click();
  await expect(person.id('x9.pace-15')).toBeChecked();
  await expect(person.id('x9.undo')).toHaveCount(0);

  await person.id('rail.lock').click();
  await expect(person.screen('l1')).toBeVisible();
  await person.page.goto('/#/network');
  await expect(person.id('p1.connection')).toBeVisible();
  await expect(person.id('p1.relay')).toHaveCount(0);
  await expect(person.id('p1.since')).toHaveCount(0);
  await person.page.goto('/#/chats');
  await person.unlock(PASSPHRASE);
  expect(person.errors).toEqual([]);
  await person.leave();
});

test('paths are told hop by hop, renewed once a minute, and reported without addresses', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Ann', { permissions: ['clipboard-read', 'clipboard-write'] });
  await person.create({ kind: 'temporary' });
  await person.connected();
  await person.page.goto('/#/network/path');
  const panel = person.page.locator('#p2-panel-0');
  await expect(panel.getByTestId('p2.hop')).toHaveCount(3);
  await expect(panel.getByTestId('p2.country')).toHaveText(Array(3).fill('Country unknown'));
  await expect(panel.getByTestId('p2.pinned')).toHaveCount(1);
  await expect(panel.getByTestId('p2.rule')).toHaveCount(3);
  await expect(panel.getByTestId('p2.map')).toBeVisible();

  const tabs = person.page.getByRole('tab');
  await expect.poll(() => tabs.count()).toBeGreaterThan(1);
  await tabs.first().focus();
  await person.page.keyboard.press('ArrowRight');
  await expect(tabs.nth(1)).toBeFocused();
  await expect(tabs.nth(1)).toHaveAttribute('aria-selected', 'true');
  await expect(panel).toBeHidden();

  await person.id('p2.copy-report').click();
  await expect(person.id('toast')).toBeVisible();
  const report = await person.page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain('Guard: Country unknown');
  expect(report).not.toMatch(/\d+\.\d+\.\d+\.\d+|[0-9a-f]{8}/);

  await person.id('p2.new-path').click();
  await expect(person.id('p2.new-path')).toBeDisabled();
  await expect(person.id('p2.new-path')).toContainText('second');
  await person.id('p2.advanced').locator('summary').click();
  await expect(person.id('p2.new-guard')).toBeDisabled();
  expect(person.errors).toEqual([]);
  await person.leave();
});

test('new guards are asked for after a warning, and the paths are built anew', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Ann');
  await person.create({ kind: 'temporary' });
  await person.connected();
  await person.page.goto('/#/network/path');
  const hops = () => person.page.locator('#p2-panel-0').getByTestId('p2.hop').evaluateAll((hops) => hops.map((hop) => hop.getAttribute('data-node')));
  await expect.poll(async () => (await hops()).length).toBe(3);
  const before = await hops();
  await person.id('p2.advanced').locator('summary').click();
  await person.id('p2.new-guard').click();
  await person.id('p2-guard.cancel').click();
  await expect(person.screen('p2-guard')).toBeHidden();
  await expect(person.id('p2.new-guard')).toBeEnabled();
  await person.id('p2.new-guard').click();
  await person.id('p2-guard.go').click();
  await expect(person.id('p2.new-guard')).toBeDisabled();
  // Three of twelve nodes in the same order again would be a rare chance.
  await expect.poll(hops).not.toEqual(before);
  await person.leave();
});

/** Public addresses, as long as the loopback one, and the country of each in the build's own table. */
const ABROAD = { '88.99.1.1': 'DE', '65.21.1.1': 'FI', '45.79.1.1': 'US', '133.1.1.1': 'JP', '177.1.1.1': 'BR', '41.0.0.10': 'ZA' };

/**
 * Nodes of the local network all stand at 127.0.0.1, which is nowhere. To see the map at work, the messages of the worker
 * are changed on their way to the page: each node gets a public address by the first digits of its key.
 */
async function moveNodesAbroad(page: Page): Promise<void> {
  await page.addInitScript((addresses) => {
    const encode = (text: string) => new TextEncoder().encode(text);
    const loopback = encode('127.0.0.1');
    const abroad = addresses.map(encode);
    const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data')!;
    Object.defineProperty(MessageEvent.prototype, 'data', {
      ...data,
      get() {
        const message = data.get!.call(this);
        if (!(message instanceof ArrayBuffer)) return message;
        const bytes = new Uint8Array(message);
        for (let at = 66; at + loopback.length <= bytes.length; at += 1) {
          // A key of 64 digits, the length of the address, the address.
          if (bytes[at - 1] !== loopback.length || bytes[at - 66] !== 64) continue;
          if (!loopback.every((byte, n) => bytes[at + n] === byte)) continue;
          const key = Number.parseInt(String.fromCharCode(...bytes.subarray(at - 65, at - 61)), 16);
          bytes.set(abroad[key % abroad.length], at);
        }
        return message;
      },
    });
  }, Object.keys(ABROAD));
}

for (const [colorScheme, width] of [['light', 1280], ['dark', 360]] as const) {
  test(`the map shows where nodes stand, ${colorScheme}, ${width} px`, async ({ browser }, info) => {
    const person = await Person.arrive(browser, 'Ann', { viewport: { width, height: 800 }, colorScheme });
    await moveNodesAbroad(person.page);
    await person.page.reload();
    await person.create({ kind: 'temporary' });
    await person.connected();
    await person.page.goto('/#/network/path');
    const panel = person.page.getByRole('tabpanel').first();
    await expect(panel.locator('[data-world="ready"]')).toBeVisible();
    const names = Object.values(ABROAD).map((code) => new Intl.DisplayNames(['en'], { type: 'region' }).of(code)!);
    for (const country of await panel.getByTestId('p2.country').allTextContents()) expect(names).toContain(country);
    await expect(panel.locator('.spot[data-placed="true"]')).toHaveCount(3);
    await person.page.screenshot({ path: info.outputPath('map.png') });
    expect(person.errors).toEqual([]);
    await person.leave();
  });
}

test('the files of the world are small, and the table knows well-known addresses', async ({ request }) => {
  const table = await request.get('/world/countries.bin', { headers: { 'accept-encoding': 'identity' } });
  const bytes = await table.body();
  expect(bytes.subarray(0, 5)).toEqual(Buffer.from('OSCT\x02'));
  expect(bytes.length).toBeLessThan(150_000);
  for (const [address, code] of Object.entries({ ...ABROAD, '8.8.8.8': 'US', '127.0.0.1': undefined, '192.168.1.1': undefined })) {
    expect(countryOf(bytes, address), address).toBe(code);
  }
  const land = await request.get('/world/land.txt');
  expect(await land.text()).toMatch(/^land \d+ \d+\n(?:[A-Z]{2} \d+ \d+\n){200,300}\nM[\d Mlz-]+\n$/);
});

/** A second reader of the table, so that the build and the app cannot be wrong together. */
function countryOf(bytes: Buffer, address: string): string | undefined {
  const [a, b, c, d] = address.split('.').map(Number);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const block = a * 2 ** 12 + b * 2 ** 4 + (c >> 4);
  const codes = bytes.readUInt8(5);
  const runs = bytes.readUInt32LE(6 + 2 * codes);
  const owners = 10 + 2 * codes;
  const code = (owner: number) => (owner === 0 ? undefined : bytes.toString('ascii', 4 + 2 * owner, 6 + 2 * owner));
  let at = owners + runs;
  let end = 0;
  let found: string | undefined;
  for (let run = 0; run < runs; run += 1) {
    let [length, shift, byte] = [0, 0, 0];
    do {
      byte = bytes.readUInt8(at);
      length += (byte & 127) << shift;
      shift += 7;
      at += 1;
    } while (byte > 127);
    if (block >= end && block < end + length) found = code(bytes.readUInt8(owners + run));
    end += length;
  }
  const single = bytes.readUInt32LE(at);
  for (let one = 0; one < single; one += 1) {
    if (bytes.readUInt32LE(at + 4 + 4 * one) === number) return code(bytes.readUInt8(at + 4 + 4 * single + one));
  }
  return found;
}
