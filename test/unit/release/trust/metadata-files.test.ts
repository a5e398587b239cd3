/** Copies of signed documents in gzip: made, signed, checked, published, pruned, and taken over. */
import fs from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { copiesOf, isGzipped } from '../../../../lib/release/trust/metadata-files.ts';
import { foreignDownload, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** A signed site whose manifest has 200 files. */
async function largeSite(): Promise<Awaited<ReturnType<typeof signedBench>>> {
  const bench = await signedBench(dir(), '', new Date());
  for (let n = 0; n < 200; n += 1) fs.writeFileSync(join(dir(), 'tree/pikit-web', `chunk-${String(n)}.js`), `export const n = ${String(n)};\n`);
  await bench.done('build --site SITE --from BASE/tree --version 1.1.0');
  return bench;
}

const copies = (site: string): string[] => fs.readdirSync(join(site, 'tuf/targets'));
const only = (names: string[]): string => {
  expect(names).toHaveLength(1);
  return names[0] ?? '';
};
const manifestOf = (site: string): string => {
  const bytes = fs.readFileSync(join(site, 'manifest.json'));
  return only(copies(site).filter((name) => name.endsWith('.manifest.json') && fs.readFileSync(join(site, 'tuf/targets', name)).equals(bytes)));
};

it('compresses what is large, and gets much smaller by that', () => {
  const document = Buffer.from(JSON.stringify(Array.from({ length: 500 }, (_, n) => ({ path: `assets/${String(n)}`, size: n }))));
  const [plain, gzip, ...more] = copiesOf('manifest.json', document, isGzipped(document));
  expect(more).toEqual([]);
  expect(plain?.bytes).toEqual(document);
  expect(gzip?.path).toBe(`${plain?.path ?? ''}.gz`);
  expect(gunzipSync(gzip?.bytes ?? '')).toEqual(document);
  expect(isGzipped(Buffer.from('[]\n'))).toBe(false);
  // Bytes that have been compressed already.
  expect(isGzipped(gzipSync(Buffer.from(Array.from({ length: 9000 }, (_, n) => (n * n * 7919) % 251))).subarray(0, 1300))).toBe(false);
  expect(copiesOf('branches.json', Buffer.from('[]\n'), false)).toHaveLength(1);
});

it('is said in what is signed, and any client of the metadata reads the plain copy', async () => {
  const { site, done } = await largeSite();
  const name = manifestOf(site);
  const zipped = fs.readFileSync(join(site, 'tuf/targets', `${name}.gz`));
  const plain = fs.readFileSync(join(site, 'manifest.json'));
  expect(gunzipSync(zipped)).toEqual(plain);
  expect(zipped.length).toBeLessThan(plain.length * 0.5);
  const newest =
    fs
      .readdirSync(join(site, 'tuf'))
      .filter((file) => file.endsWith('.targets.json'))
      .toSorted()
      .at(-1) ?? '';
  const targets: unknown = JSON.parse(fs.readFileSync(join(site, 'tuf', newest), 'utf8'));
  expect(targets).toMatchObject({ signed: { targets: { 'branches.json': { length: 3 } } } });
  expect(targets).not.toHaveProperty(['signed', 'targets', 'branches.json', 'custom']);
  expect(targets).toMatchObject({
    signed: { targets: { 'manifest.json': { length: plain.length, custom: { 'x-pikit-gzip': true } } } },
  });
  const folder = join(dir(), 'client');
  fs.mkdirSync(folder);
  fs.copyFileSync(join(site, 'tuf/1.root.json'), join(folder, 'root.json'));
  expect(await foreignDownload(site, folder, 'manifest.json')).toBe(plain.toString('utf8'));
  await done('verify --site SITE');
});

it.each<[string, (file: string) => void, RegExp]>([
  [
    'missing',
    (file) => {
      fs.rmSync(file);
    },
    /\.manifest\.json\.gz: it is missing/,
  ],
  [
    'cut',
    (file) => {
      fs.truncateSync(file, 100);
    },
    /\.manifest\.json\.gz: it is not the gzip of the document/,
  ],
  [
    'of another document',
    (file) => {
      fs.writeFileSync(file, gzipSync('{}'));
    },
    /\.manifest\.json\.gz: sha256 mismatch/,
  ],
])('verify tells of one that is %s', async (_what, spoil, says) => {
  const { site, run } = await largeSite();
  spoil(join(site, 'tuf/targets', `${manifestOf(site)}.gz`));
  const { code, out, err } = await run('verify --site SITE');
  expect(code).toBe(1);
  expect(out + err).toMatch(says);
});

it('is published beside the plain one, taken over, and goes with it', async () => {
  const { site, done } = await largeSite();
  await done('publish --site SITE --to BASE/public');
  const name = manifestOf(site);
  expect(copies(join(dir(), 'public'))).toEqual(expect.arrayContaining([name, `${name}.gz`]));
  fs.rmSync(site, { recursive: true });
  await done('init --site SITE --from BASE/public --trust BASE/public/tuf/1.root.json');
  expect(copies(site)).toEqual(expect.arrayContaining([name, `${name}.gz`]));
  await done('verify --site SITE');
  for (const version of ['1.2.0', '1.3.0', '1.4.0']) {
    fs.writeFileSync(join(dir(), 'tree/pikit-web', 'chunk-0.js'), `export const n = '${version}';\n`);
    await done(`build --site SITE --from BASE/tree --version ${version}`);
  }
  expect(copies(site).filter((one) => one.startsWith(name))).toEqual([]);
});
