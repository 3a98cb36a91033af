// Writes public/emoji/<language>.txt, which the emoji picker loads when it is first opened, from emojibase-data (MIT; names
// and words of Unicode's CLDR, Unicode-3.0). Run it when a new Unicode version or a language comes:
//
//   npm install --no-save emojibase-data@17.0.0 && node emoji/build.mjs
//
//   emoji 1
//   # smileys-emotion          a group
//   😀 <tab> name <tab> word,word <tab> t       t: takes the five skin tones
import { mkdirSync, writeFileSync, readFileSync, copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const LANGUAGES = ['en', 'de'];
const BUDGET = 60_000;
/** Newer ones are boxes on most devices. */
const NEWEST = 15.1;
const COMPONENTS = 2;
const TONES = ['\u{1f3fb}', '\u{1f3fc}', '\u{1f3fd}', '\u{1f3fe}', '\u{1f3ff}'];

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'public', 'emoji');
const packaged = dirname(require.resolve('emojibase-data/package.json'));
mkdirSync(out, { recursive: true });
for (const language of LANGUAGES) {
  const text = table(language);
  const size = brotliCompressSync(text).length;
  if (size > BUDGET) throw new Error(`${language}: ${size} bytes of brotli are too many`);
  writeFileSync(join(out, `${language}.txt`), text);
  console.log(`${language}: ${text.length} characters, ${size} bytes of brotli`);
}
copyFileSync(join(here, 'LICENSE'), join(out, 'LICENSE'));

function table(language) {
  const read = (file) => JSON.parse(readFileSync(join(packaged, language, file), 'utf8'));
  const groups = read('messages.json').groups.filter(({ order }) => order !== COMPONENTS);
  const all = read('data.json').filter(({ version }) => version <= NEWEST);
  const lines = ['emoji 1'];
  for (const { key, order } of groups) {
    lines.push(`# ${key}`);
    const members = all.filter(({ group }) => group === order).sort((a, b) => a.order - b.order);
    for (const { emoji, label, tags = [], skins = [] } of members) {
      const words = tags.map(plain).filter((tag) => tag !== plain(label));
      lines.push([qualified(emoji), plain(label), words.join(','), takesTones(emoji, skins) ? 't' : ''].join('\t'));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** As Unicode writes it: no selector behind what is a picture anyway. */
function qualified(emoji) {
  return emoji.replace(/^(\p{Emoji_Presentation})\u{fe0f}$/u, '$1');
}

/** No separators of the format. */
function plain(words) {
  return words.replace(/[\t\n,]/g, ' ').trim();
}

/** A tone behind the first code point makes the very emoji that Unicode lists. */
function takesTones(emoji, skins) {
  const [first, ...rest] = [...emoji];
  const tail = rest[0] === '\u{fe0f}' ? rest.slice(1) : rest;
  return TONES.every((tone, at) => skins.some((skin) => skin.tone === at + 1 && skin.emoji === [first, tone, ...tail].join('')));
}
