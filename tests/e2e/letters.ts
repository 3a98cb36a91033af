// Somebody without a client: an identity of its own that seals whatever it likes, as apps do and as none would (20-messages 2).
import sodium from 'libsodium-wrappers-sumo';
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { network } from './support';

const FILES = process.env.ONIONSKIN_FILES ?? '';
/** Where files lie, in the words of messages. */
const FILE_HOST = 'http://filev2.getsession.org';

type Bytes = Uint8Array;

/** One behind the other. */
export function joined(...parts: Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat(parts));
}

function varint(value: number | bigint): Bytes {
  const out: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return new Uint8Array([...out, Number(rest)]);
}

/** A field of protobuf: a number, or bytes behind their length. */
export function field(number: number, value: number | bigint | string | Bytes): Bytes {
  if (typeof value === 'number' || typeof value === 'bigint') return joined(varint(number << 3), varint(value));
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return joined(varint((number << 3) | 2), varint(bytes.length), bytes);
}

/** `Content` with a `DataMessage` of these fields. */
export const data = (...fields: Bytes[]): Bytes => field(1, joined(...fields));

/** A fresh identity. */
export class Writer {
  private constructor(
    private readonly keys: sodium.KeyPair,
    readonly id: string,
  ) {}

  static async make(): Promise<Writer> {
    await sodium.ready;
    const keys = sodium.crypto_sign_keypair();
    const id = sodium.crypto_sign_ed25519_pk_to_curve25519(keys.publicKey);
    return new Writer(keys, `05${sodium.to_hex(id)}`);
  }

  /** Stores a serialised `Content`, whatever it is, in somebody's swarm. */
  async write(to: string, content: Bytes): Promise<void> {
    const recipient = sodium.from_hex(to.slice(2));
    const padded = new Uint8Array(160 * Math.ceil((content.length + 2) / 160) - 1);
    padded.set(content);
    padded[content.length] = 0x80;
    const signature = sodium.crypto_sign_detached(joined(padded, this.keys.publicKey, recipient), this.keys.privateKey);
    const sealed = sodium.crypto_box_seal(joined(padded, this.keys.publicKey, signature), recipient);
    const envelope = joined(field(1, 6), field(5, Date.now()), field(8, sealed));
    const request = joined(field(1, 'PUT'), field(2, '/api/v1/message'), field(3, envelope), field(4, 0));
    await network.put(to, Buffer.from(joined(field(1, 1), field(2, request))).toString('base64'));
  }
}

/** An `AttachmentPointer` to a file that is on the server, encrypted (20-messages 5.2), or to one that never was. */
export async function pointer(name: string, contentType: string, file: Buffer, there: boolean): Promise<Bytes> {
  const key = randomBytes(64);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key.subarray(0, 32), iv);
  const head = Buffer.concat([iv, cipher.update(file), cipher.final()]);
  const encrypted = Buffer.concat([head, createHmac('sha256', key.subarray(32)).update(head).digest()]);
  let id = 'a'.repeat(44);
  if (there) {
    const reply = await fetch(`${FILES}/file`, { method: 'POST', body: encrypted });
    if (!reply.ok) throw new Error(`the file server answers ${reply.status}: ${await reply.text()}`);
    id = ((await reply.json()) as { id: string }).id;
  }
  const number = joined(varint((1 << 3) | 1), new Uint8Array(8));
  return joined(
    number,
    field(2, contentType),
    field(3, new Uint8Array(key)),
    field(4, file.length),
    field(6, new Uint8Array(createHash('sha256').update(encrypted).digest())),
    field(7, name),
    field(101, `${FILE_HOST}/file/${id}`),
  );
}
