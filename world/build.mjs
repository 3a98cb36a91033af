// Makes the two files of the world that the path viewer loads when it is opened (screens 14, P2): which country an IPv4
// address belongs to, and a map with a place for each country. web/build.mjs puts them straight into the build;
// they are never committed. Their readers are in crates/client/src/world.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** Packages may hide files behind their own names; their folder is where package.json is. */
function packaged(name, file) {
  return readFileSync(join(dirname(require.resolve(`${name}/package.json`)), file), 'utf8');
}

/**
 * Blocks of 4,096 addresses in runs of one country each, then single addresses:
 *
 *  0      4   5   6        6+2n     10+2n         10+2n+r
 *  +------+---+---+--------+--------+-------------+----------------+--------+-------------+-------------+
 *  | OSCT | 2 | n | codes  | r (LE) | r countries | r run lengths  | e (LE) | e addresses | e countries |
 *  +------+---+---+--------+--------+-------------+----------------+--------+-------------+-------------+
 *
 * A country is 0 for unknown, else its place among the codes; a length is LEB128 in blocks. A block that two countries
 * share, or that is known in part only, is unknown. The nodes that come with the app are listed one by one where their
 * block says something else.
 */
export function countries() {
  const BLOCK = 4096;
  const BLOCKS = 2 ** 32 / BLOCK;
  const SHARED = 255;
  const codes = [];
  const places = new Map();
  const owner = new Uint8Array(BLOCKS);
  const covered = new Uint16Array(BLOCKS);
  const rows = packaged('@ip-location-db/geo-whois-asn-country', 'geo-whois-asn-country-ipv4-num.csv').trim().split('\n');
  for (const row of rows) {
    const [first, last, code] = row.trim().split(',');
    const [from, to] = [Number(first), Number(last)];
    if (!(from >= 0 && from <= to && to < 2 ** 32 && /^[A-Z]{2}$/.test(code))) throw new Error(`not a range: ${row}`);
    if (!places.has(code)) {
      codes.push(code);
      places.set(code, codes.length);
    }
    const country = places.get(code);
    for (let block = Math.floor(from / BLOCK); block <= Math.floor(to / BLOCK); block += 1) {
      const start = block * BLOCK;
      covered[block] += Math.min(to, start + BLOCK - 1) - Math.max(from, start) + 1;
      owner[block] = owner[block] === 0 || owner[block] === country ? country : SHARED;
    }
  }
  if (codes.length >= SHARED) throw new Error('more countries than a byte can tell apart');
  for (let block = 0; block < BLOCKS; block += 1) {
    if (owner[block] === SHARED || covered[block] < BLOCK || isSpecial(block * BLOCK)) owner[block] = 0;
  }

  const runs = [];
  for (const country of owner) {
    const run = runs.at(-1);
    if (run?.country === country) run.length += 1;
    else runs.push({ country, length: 1 });
  }
  const single = nodes()
    .map(([address, code]) => [address, places.get(code) ?? 0])
    .filter(([address, country]) => country !== owner[Math.floor(address / BLOCK)])
    .sort(([a], [b]) => a - b);
  return Buffer.concat([
    Buffer.from('OSCT'),
    Buffer.from([2, codes.length]),
    Buffer.from(codes.join('')),
    u32(runs.length),
    Buffer.from(runs.map((run) => run.country)),
    Buffer.from(runs.flatMap((run) => leb128(run.length))),
    u32(single.length),
    ...single.map(([address]) => u32(address)),
    Buffer.from(single.map(([, country]) => country)),
  ]);
}

/** Address and country of the nodes that come with the app (form: crates/protocol/src/bundle.rs), each address once. */
function nodes() {
  const bundle = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../public/nodes/mainnet.bin'));
  if (bundle.toString('latin1', 0, 8) !== 'onionnl\u0002') throw new Error('the bundled node list is of another form');
  const [swarms, count] = [bundle.readUInt16BE(16), bundle.readUInt16BE(18)];
  const start = 20 + 8 * swarms;
  const table = start + 40 * count;
  const codes = bundle[table];
  const found = new Map();
  for (let node = 0; node < count; node += 1) {
    const country = bundle[table + 1 + 2 * codes + node];
    const code = bundle.toString('latin1', table + 2 * country - 1, table + 2 * country + 1);
    if (country > 0) found.set(bundle.readUInt32BE(start + 40 * node + 32), code);
  }
  return [...found];
}

function u32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

function leb128(number) {
  const bytes = [];
  while (number > 127) {
    bytes.push((number & 127) | 128);
    number >>>= 7;
  }
  return [...bytes, number];
}

/** Addresses that belong to no country, whatever a list says (RFC 6890). */
function isSpecial(address) {
  const [a, b, c] = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255];
  return (
    [0, 10, 127].includes(a) ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && (b === 168 || (b === 0 && c < 4))) ||
    (a === 198 && (b === 18 || b === 19 || (b === 51 && c >= 100 && c < 104))) ||
    (a === 203 && b === 0 && c >= 112 && c < 116)
  );
}

/**
 * The map as text: `land WIDTH HEIGHT`, then a line `CC X Y` for each country, an empty line, and the outline of the land
 * as SVG path data.
 */
export function land() {
  const WIDTH = 1000;
  const [NORTH, SOUTH] = [84, -57];
  const [left] = equalEarth([-180, 0]);
  const [right] = equalEarth([180, 0]);
  const [, top] = equalEarth([0, NORTH]);
  const [, bottom] = equalEarth([0, SOUTH]);
  const scale = WIDTH / (right - left);
  const height = Math.round((top - bottom) * scale);
  const place = (point) => {
    const [x, y] = equalEarth(point);
    return [Math.round((x - left) * scale), Math.round((top - y) * scale)];
  };

  const outline = polygons(atlas('land-110m.json').land)
    .map(([outer]) => outer)
    .filter((ring) => ring.some(([, latitude]) => latitude > SOUTH))
    .map((ring) => path(ring.map(place)))
    .join('');
  const centres = new Map();
  for (const country of atlas('countries-50m.json').countries) {
    const code = codeOf(country);
    const rings = polygons([country]).map(([outer]) => outer.map(place));
    const largest = rings.sort((a, b) => centroid(b).area - centroid(a).area)[0];
    if (!code || !largest) continue;
    const { x, y, area } = centroid(largest);
    const inside = ([px, py]) => px >= 0 && px <= WIDTH && py >= 0 && py <= height;
    if (inside([x, y]) && (centres.get(code)?.area ?? -1) < area) centres.set(code, { x, y, area });
  }
  const lines = [...centres].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, { x, y }]) => `${code} ${x} ${y}`);
  return [`land ${WIDTH} ${height}`, ...lines, '', outline, ''].join('\n');
}

/** ISO 3166 numbers become letters as in any language tag. */
function codeOf(country) {
  if (country.properties.name === 'Kosovo') return 'XK';
  const region = country.id && new Intl.Locale(`und-${country.id}`).region;
  return /^[A-Z]{2}$/.test(region ?? '') ? region : undefined;
}

/** Geometries of a TopoJSON file with their arcs as lines of longitude and latitude, by the name of the object. */
function atlas(file) {
  const topology = JSON.parse(packaged('world-atlas', file));
  const { scale, translate } = topology.transform;
  const arcs = topology.arcs.map((arc) => {
    const at = [0, 0];
    return arc.map(([dx, dy]) => {
      at[0] += dx;
      at[1] += dy;
      return [at[0] * scale[0] + translate[0], at[1] * scale[1] + translate[1]];
    });
  });
  const ring = (indices) =>
    indices.flatMap((index, at) => {
      const arc = index < 0 ? arcs[~index].toReversed() : arcs[index];
      return at === 0 ? arc : arc.slice(1);
    });
  const resolve = (geometry) => {
    const shapes = { Polygon: [geometry.arcs], MultiPolygon: geometry.arcs }[geometry.type] ?? [];
    return { ...geometry, polygons: shapes.map((polygon) => polygon.map(ring).map(unbroken)) };
  };
  return Object.fromEntries(Object.entries(topology.objects).map(([name, object]) => [name, object.geometries.map(resolve)]));
}

/** A ring across the edge of the map goes on beyond it, on the side where most of it lies. */
function unbroken(ring) {
  let turn = 0;
  const points = ring.map(([longitude, latitude], at) => {
    if (at > 0) turn -= 360 * Math.round((longitude - ring[at - 1][0]) / 360);
    return [longitude + turn, latitude];
  });
  const mean = points.reduce((sum, [longitude]) => sum + longitude, 0) / points.length;
  const back = 360 * Math.round(mean / 360);
  return points.map(([longitude, latitude]) => [longitude - back, latitude]);
}

function polygons(geometries) {
  return geometries.flatMap((geometry) => geometry.polygons);
}

/** Closed path data with relative steps; points that fall together are one. */
function path(points) {
  let data = `M${points[0].join(' ')}`;
  let [x, y] = points[0];
  let steps = 0;
  for (const [nextX, nextY] of points.slice(1)) {
    if (nextX === x && nextY === y) continue;
    data += `${steps === 0 ? 'l' : ' '}${nextX - x} ${nextY - y}`;
    [x, y] = [nextX, nextY];
    steps += 1;
  }
  return steps < 3 ? '' : `${data}z`;
}

function centroid(ring) {
  let [sum, x, y] = [0, 0, 0];
  for (const [at, [ax, ay]] of ring.entries()) {
    const [bx, by] = ring[(at + 1) % ring.length];
    const cross = ax * by - bx * ay;
    sum += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (sum === 0) return { x: ring[0][0], y: ring[0][1], area: 0 };
  return { x: Math.round(x / (3 * sum)), y: Math.round(y / (3 * sum)), area: Math.abs(sum / 2) };
}

/** The Equal Earth projection (Šavrič, Patterson, Jenny 2018). */
function equalEarth([longitude, latitude]) {
  const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
  const theta = Math.asin((Math.sqrt(3) / 2) * Math.sin((latitude * Math.PI) / 180));
  const t2 = theta ** 2;
  const t6 = t2 ** 3;
  const x = (longitude * Math.PI * 2 * Math.cos(theta)) / (180 * Math.sqrt(3) * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2)));
  return [x, theta * (A1 + A2 * t2 + t6 * (A3 + A4 * t2))];
}
