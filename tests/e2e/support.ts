// What every journey needs: people with browsers of their own, and a hand on the network's faults.
import AxeBuilder from '@axe-core/playwright';
import { Browser, BrowserContext, Locator, Page, expect } from '@playwright/test';

export const ORIGIN = new URL(process.env.ONIONSKIN_URL ?? 'http://127.0.0.1/').origin;
const CONTROL = process.env.ONIONSKIN_CONTROL ?? '';

/** How an account is kept on the device. */
export type Keep = { kind: 'passphrase'; passphrase: string } | { kind: 'device' } | { kind: 'temporary' };

export const PASSPHRASE = 'correct horse battery';

/** A person with a browser of their own. Remembers every request and every page error. */
export class Person {
  readonly requests: string[] = [];
  readonly errors: string[] = [];

  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async arrive(browser: Browser, name: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const person = Person.at(await context.newPage(), name);
    await person.page.goto('/');
    return person;
  }

  /** In front of a page that is there already. */
  static at(page: Page, name: string): Person {
    const context = page.context();
    const person = new Person(name, context, page);
    context.on('request', (request) => person.requests.push(request.url()));
    page.on('pageerror', (error) => person.errors.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') person.errors.push(line.text());
    });
    return person;
  }

  id(testid: string): Locator {
    return this.page.getByTestId(testid);
  }

  screen(name: string): Locator {
    return this.page.locator(`[data-screen="${name}"]`);
  }

  async create(keep: Keep = { kind: 'passphrase', passphrase: PASSPHRASE }): Promise<void> {
    await this.id('w1.create').click();
    await this.id('w2.name').fill(this.name);
    await this.chooseKeep('w2', keep);
    await this.id('w2.start').click();
    await expect(this.screen('c1')).toBeVisible();
  }

  /** Gives the moment at which the account was asked for. */
  async restore(phrase: string, keep: Keep = { kind: 'temporary' }): Promise<number> {
    await this.id('w1.restore').click();
    await this.enterPhrase(phrase);
    await this.id('w3.continue').click();
    await this.chooseKeep('w3', keep);
    const asked = Date.now();
    await this.id('w3.start').click();
    await expect(this.screen('c1')).toBeVisible();
    return asked;
  }

  async enterPhrase(phrase: string): Promise<void> {
    await this.id('w3.paste').fill(phrase);
  }

  private async chooseKeep(screen: string, keep: Keep): Promise<void> {
    if (keep.kind === 'temporary') {
      await this.id(`${screen}.keep-temporary`).check();
      return;
    }
    await this.id(`${screen}.keep-device`).check();
    if (keep.kind === 'passphrase') {
      await this.id(`${screen}.protect-passphrase`).check();
      await this.id(`${screen}.passphrase`).fill(keep.passphrase);
    } else {
      await this.id(`${screen}.protect-none`).check();
      await this.id(`${screen}.accept-none`).check();
    }
  }

  async unlock(passphrase: string = PASSPHRASE): Promise<void> {
    await this.id('l1.passphrase').fill(passphrase);
    await this.id('l1.unlock').click();
    await expect(this.screen('c1')).toBeVisible();
  }

  async connected(): Promise<void> {
    await expect(this.page.locator('[data-net="connected"]').first()).toBeVisible({ timeout: 60_000 });
  }

  /** The address of a route, where this person's page is: relays differ. */
  private route(name: string): string {
    return `${new URL(this.page.url()).origin}/#/${name}`;
  }

  /** The own Account ID, read where a person reads it. */
  async accountId(): Promise<string> {
    await this.page.goto(this.route('new'));
    const text = (await this.id('n1.my-id').textContent()) ?? '';
    const id = text.replace(/\s+/g, '');
    expect(id).toMatch(/^05[0-9a-f]{64}$/);
    return id;
  }

  async phrase(): Promise<string> {
    await this.page.goto(this.route('chats'));
    await this.id('c1.save-phrase').click();
    await this.revealPhrase();
    const words = await this.id('r1.word').allTextContents();
    expect(words).toHaveLength(13);
    await this.page.keyboard.press('Escape');
    // A browser drops a reload that comes while it takes the layer out of its history: nobody is so quick.
    await this.page.waitForFunction(() => !history.state);
    return words.map((word) => word.replace(/[^a-z]/g, '')).join(' ');
  }

  /** Past the gate of the open phrase dialog: the passphrase once more, or the button held down. */
  async revealPhrase(passphrase: string = PASSPHRASE): Promise<void> {
    const field = this.id('r1.passphrase');
    await expect(this.id('r1.reveal')).toBeVisible();
    if (await field.isVisible()) {
      await field.fill(passphrase);
      await this.id('r1.reveal').click();
    } else {
      await this.id('r1.reveal').hover();
      await this.page.mouse.down();
    }
    await expect(this.id('r1.word').first()).toBeVisible();
    await this.page.mouse.up();
  }

  async openNew(accountId: string): Promise<void> {
    await this.page.goto(this.route('new'));
    await this.id('n1.input').fill(accountId);
    await this.id('n1.message').click();
    await expect(this.screen('v1')).toBeVisible();
  }

  /** Opens the conversation from the list by the name shown there, or from the requests. */
  async openRow(name: string): Promise<void> {
    await this.page.goto(this.route('chats'));
    const row = this.id('c1.row').filter({ hasText: name }).first();
    const requests = this.id('c1.requests');
    await expect(row.or(requests).first()).toBeVisible({ timeout: 60_000 });
    if (await row.isVisible()) {
      await row.click();
    } else {
      await requests.click();
      await this.id('c3.request').filter({ hasText: name }).getByTestId('c3.open').click();
    }
    await expect(this.screen('v1')).toBeVisible();
  }

  async send(text: string): Promise<void> {
    await this.id('v1.composer').fill(text);
    await this.id('v1.send').click();
    await expect(this.message(text)).toBeVisible();
  }

  message(text: string): Locator {
    return this.id('v1.message').filter({ has: this.page.getByText(text, { exact: true }) });
  }

  async sees(text: string, patience = 60_000): Promise<void> {
    await expect(this.message(text)).toHaveCount(1, { timeout: patience });
  }

  async stored(text: string, patience = 90_000): Promise<void> {
    await expect(this.message(text)).toHaveAttribute('data-delivery', /stored|synced|read/, { timeout: patience });
  }

  /** Every text of the open conversation, in order. */
  async texts(): Promise<string[]> {
    return this.id('v1.message-text').allTextContents();
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}

/** One node as the control interface tells it. */
export type Node = { index: number; ed25519: string; swarm: string | number; state: string };

/** The hand on the local network. */
export const network = {
  async nodes(): Promise<Node[]> {
    const reply = await fetch(`${CONTROL}/nodes`);
    expect(reply.ok).toBeTruthy();
    return (await reply.json()) as Node[];
  },
  async fault(node: number | string, fault: string, ms?: number): Promise<void> {
    await post('fault', { node, fault, ms });
  },
  /** How far the clocks of all nodes are ahead (ms). */
  async skew(ms: number): Promise<void> {
    await post('skew', { node: 'all', ms });
  },
  async put(account: string, data: string): Promise<void> {
    await post('message', { account, data, namespace: 0 });
  },
  async heal(): Promise<void> {
    await post('fault', { node: 'all', fault: 'start' });
  },
};

async function post(path: string, body: unknown): Promise<void> {
  const reply = await fetch(`${CONTROL}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(reply.ok, `${path}: ${await reply.clone().text()}`).toBeTruthy();
}

/** Nothing of a page, or of one part of it, breaks a rule that axe knows: WCAG 2.2 AA and good practice. */
export async function axeFindsNothing(page: Page, where: string, part?: string): Promise<void> {
  // A control that was just enabled has neither its old colour nor its new one.
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((one) => one.finished));
  });
  const axe = new AxeBuilder({ page });
  const { violations } = await (part ? axe.include(part) : axe).analyze();
  expect(violations.map((one) => `${where}: ${one.id} ${one.nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}
