// What every journey needs: people with browsers of their own, and a hand on the network's faults.
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
    const page = await context.newPage();
    const person = new Person(name, context, page);
    context.on('request', (request) => person.requests.push(request.url()));
    page.on('pageerror', (error) => person.errors.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') person.errors.push(line.text());
    });
    await page.goto('/');
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

  async restore(phrase: string, keep: Keep = { kind: 'temporary' }): Promise<void> {
    await this.id('w1.restore').click();
    await this.enterPhrase(phrase);
    await this.id('w3.continue').click();
    await this.chooseKeep('w3', keep);
    await this.id('w3.start').click();
    await expect(this.screen('c1')).toBeVisible();
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

  /** The own Account ID, read where a person reads it. */
  async accountId(): Promise<string> {
    await this.page.goto('/#/new');
    const text = (await this.id('n1.my-id').textContent()) ?? '';
    const id = text.replace(/\s+/g, '');
    expect(id).toMatch(/^05[0-9a-f]{64}$/);
    return id;
  }

  async phrase(): Promise<string> {
    await this.page.goto('/#/chats');
    await this.id('c1.save-phrase').click();
    await this.id('r1.reveal').click();
    const words = await this.id('r1.word').allTextContents();
    expect(words).toHaveLength(13);
    await this.page.keyboard.press('Escape');
    return words.map((word) => word.replace(/[^a-z]/g, '')).join(' ');
  }

  async openNew(accountId: string): Promise<void> {
    await this.page.goto('/#/new');
    await this.id('n1.input').fill(accountId);
    await this.id('n1.message').click();
    await expect(this.screen('v1')).toBeVisible();
  }

  /** Opens the conversation from the list by the name shown there. */
  async openRow(name: string): Promise<void> {
    await this.page.goto('/#/chats');
    await this.id('c1.row').filter({ hasText: name }).first().click();
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
