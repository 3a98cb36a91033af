import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@playwright/test';
import { Person, network } from './support';

/** The relay's program and where it asks for nodes: `cargo xtask test` names both. */
const PROGRAM = process.env.ONIONSKIN_RELAY ?? '';
const SEED = process.env.ONIONSKIN_SEED ?? '';

/** A relay of this file's own, which can be stopped and started again at the same place. */
class Relay {
  private child?: ChildProcess;

  private constructor(
    readonly origin: string,
    private readonly options: string[],
  ) {}

  static async at(port: number, ...options: string[]): Promise<Relay> {
    const relay = new Relay(`http://127.0.0.1:${port}`, ['--listen', `127.0.0.1:${port}`, ...options]);
    await relay.start();
    return relay;
  }

  async start(): Promise<void> {
    const child = spawn(PROGRAM, ['--network', 'local', '--seed', SEED, ...this.options], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child = child;
    let said = '';
    for await (const chunk of child.stdout!) {
      said += chunk;
      if (said.includes('"ready"')) break;
    }
    expect(said, 'the relay is ready').toContain('"ready"');
    child.stdout!.resume();
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

let own: Relay;
let other: Relay;

test.beforeAll(async () => {
  const [first, second] = [await freePort(), await freePort()];
  const [node] = await network.nodes();
  other = await Relay.at(second, '--allow-origin', `http://127.0.0.1:${first}`);
  // Nothing listens at the node's own origin: the choice is there, and the way is not.
  own = await Relay.at(first, '--dist', 'dist', '--extra-relay', other.origin, '--direct', `${node.ed25519}=https://127.0.0.1:9`);
});

test.afterAll(async () => {
  await own?.stop();
  await other?.stop();
});

test('a relay that falls silent is named, another one takes over, and the order comes back with it', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Ann', { baseURL: own.origin });
  await person.create({ kind: 'temporary' });
  await person.connected();
  await person.page.goto('/#/network');
  const rows = person.id('p1.relay');
  await expect(rows).toHaveCount(2);
  const row = (origin: string) => rows.filter({ hasText: new URL(origin).host });
  await expect(row(own.origin)).toHaveAttribute('data-in-use', 'true');
  await expect(row(other.origin)).toHaveAttribute('data-in-use', 'false');

  await row(other.origin).getByTestId('p1.relay-up').click();
  await expect(rows.first()).toContainText(new URL(other.origin).host);
  await expect(row(other.origin)).toHaveAttribute('data-in-use', 'true');
  await expect.poll(() => person.requests.filter((url) => url.startsWith(`${other.origin}/relay/onion`)).length).toBeGreaterThan(0);

  await other.stop();
  await expect(row(own.origin)).toHaveAttribute('data-in-use', 'true');
  await expect(row(other.origin).getByTestId('p1.relay-facts')).toContainText('does not answer');
  await person.connected();
  const id = await person.accountId();
  await person.openNew(id);
  await person.send('through the other one');
  await person.stored('through the other one');

  await other.start();
  await person.page.goto('/#/network');
  await person.id('p1.test-relays').click();
  await expect(row(other.origin)).toHaveAttribute('data-in-use', 'true', { timeout: 120_000 });
  await person.leave();
});

test('direct nodes only, where none can be reached, means no connection until that choice is taken back', async ({ browser }) => {
  const person = await Person.arrive(browser, 'Ben', { baseURL: own.origin });
  await person.create({ kind: 'temporary' });
  await person.connected();
  await person.page.goto('/#/settings/network');
  await expect(person.id('x9.transport-automatic')).toBeChecked();
  await person.id('x9.transport-direct').check();
  await person.page.goto('/#/network');
  await expect(person.id('p1.connection')).not.toHaveAttribute('data-net', 'connected');
  await person.page.goto('/#/settings/network');
  await expect(person.id('x9.transport-direct')).toBeChecked();
  await person.id('x9.transport-automatic').check();
  await person.connected();
  await person.leave();
});
