// What a browser has to fetch: for the first page, and for everything.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const rows = readdirSync(join(dist, 'assets')).map((name) => {
  const data = readFileSync(join(dist, 'assets', name));
  return { name, raw: data.length, gzip: gzipSync(data, { level: 9 }).length, first: html.includes(name) };
});
rows.sort((a, b) => b.gzip - a.gzip);
const kilo = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(12);
const sum = (list, key) => list.reduce((total, row) => total + row[key], 0);
for (const row of rows) console.log(`${kilo(row.raw)} ${kilo(row.gzip)} gzip  ${row.first ? 'first load ' : '           '}${row.name}`);
const first = rows.filter((row) => row.first);
console.log(`first load: ${kilo(sum(first, 'raw')).trim()}, ${kilo(sum(first, 'gzip')).trim()} gzip`);
console.log(`all files:  ${kilo(sum(rows, 'raw')).trim()}, ${kilo(sum(rows, 'gzip')).trim()} gzip`);
