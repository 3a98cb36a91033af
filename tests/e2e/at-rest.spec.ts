import { expect, test } from '@playwright/test';
import { PASSPHRASE, Person } from './support';

/** Every key and value of every database, as one latin-1 string per record. */
async function everyByte(person: Person): Promise<string[]> {
  return person.page.evaluate(async () => {
    const out: string[] = [];
    const dump = (value: unknown, depth = 0): string => {
      if (depth > 12) return '';
      if (value instanceof ArrayBuffer) return dump(new Uint8Array(value), depth);
      if (ArrayBuffer.isView(value)) {
        const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        let text = '';
        for (const byte of bytes) text += String.fromCharCode(byte);
        return text;
      }
      if (value instanceof CryptoKey) {
        if (value.extractable) return 'EXTRACTABLE KEY';
        return 'key';
      }
      if (Array.isArray(value)) return value.map((item) => dump(item, depth + 1)).join('|');
      if (value && typeof value === 'object') {
        return Object.entries(value).map(([key, item]) => `${key}=${dump(item, depth + 1)}`).join('|');
      }
      return String(value);
    };
    for (const { name } of await indexedDB.databases()) {
      if (!name) continue;
      out.push(name);
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const store of Array.from(database.objectStoreNames)) {
        await new Promise<void>((resolve, reject) => {
          const cursor = database.transaction(store).objectStore(store).openCursor();
          cursor.onerror = () => reject(cursor.error);
          cursor.onsuccess = () => {
            const at = cursor.result;
            if (!at) return resolve();
            out.push(`${store} ${dump(at.key)} ${dump(at.value)}`);
            at.continue();
          };
        });
      }
      database.close();
    }
    for (let i = 0; i < localStorage.length; i += 1) out.push(`${localStorage.key(i)}=${localStorage.getItem(localStorage.key(i) ?? '')}`);
    return out;
  });
}

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const utf8 = (text: string) => latin1(new TextEncoder().encode(text));

test('nothing on disk is in clear: no name, ID, text or key', async ({ browser }) => {
  const ann = await Person.arrive(browser, 'Annabella Quux');
  const bob = await Person.arrive(browser, 'Bobolink Zyx');
  await ann.create({ kind: 'passphrase', passphrase: PASSPHRASE });
  await bob.create({ kind: 'device' });
  await ann.connected();
  const annId = await ann.accountId();
  const bobId = await bob.accountId();
  await ann.openNew(bobId);
  await ann.send('a sentence nobody may find');
  await ann.stored('a sentence nobody may find');
  await bob.openRow('Annabella');
  await bob.sees('a sentence nobody may find');
  await bob.send('and an answer likewise');
  await ann.sees('and an answer likewise');
  await ann.id('v1.composer').fill('an unsent draft');
  await ann.page.waitForTimeout(1500);
  const phrase = await ann.phrase();

  for (const person of [ann, bob]) {
    const records = await everyByte(person);
    expect(records.length).toBeGreaterThan(10);
    const all = records.join('\n');
    const secrets = [
      'a sentence nobody may find', 'and an answer likewise', 'an unsent draft', 'Annabella', 'Bobolink', PASSPHRASE,
      annId, bobId, annId.slice(2), bobId.slice(2), annId.toUpperCase(), phrase.split(' ').slice(0, 3).join(' '),
    ].map(utf8);
    // The same IDs as raw bytes.
    for (const id of [annId, bobId]) secrets.push(latin1(Uint8Array.from(Buffer.from(id.slice(2), 'hex'))));
    for (const secret of secrets) expect(all.includes(secret), `found on disk: ${JSON.stringify(secret)}`).toBe(false);
    expect(all).not.toContain('EXTRACTABLE KEY');
    await person.leave();
  }
});
