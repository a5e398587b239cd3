/**
 * How much memory check and fetch take, as built, for every document and archive that a server may send: within three quarters of the
 * MemoryMax= of their units, measured by the kernel twice. A control group has that limit, and nothing in it may be killed; it counts
 * what is cached of files as well, which is given back when it is needed (files of 100 MiB each fill it to the limit). What the
 * process itself has resident is below it at all times. The device is on a disk: the files of a tmpfs are never given back.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { paxEntry, sha256, tarGz } from '../../helpers/archive-builder.ts';
import { published } from '../../unit/steps/published.ts';
import type { Ended, RunOptions } from '../../helpers/device.ts';
import { device, step } from '../../helpers/device.ts';
import { peakIn } from '../kill/peak.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { limited } from './cgroup.ts';

const MIB = 1024 * 1024;
const MARGIN = 0.75;
const SHA = 'a'.repeat(64);
const BIG = 8 * MIB - 1000;

/** MemoryMax= of a unit in bytes. */
function limitOf(name: string): number {
  const unit = fs.readFileSync(`units/pikit-update-${name}.service`, 'utf8');
  return Number(/^MemoryMax=(\d+)M$/m.exec(unit)?.[1] ?? 0) * MIB;
}

const filled = (open: string, piece: string, close: string, bytes = BIG): string =>
  open + piece.repeat(Math.floor((bytes - open.length - close.length) / piece.length)) + close;
const inManifest = (name: string, value: string): string =>
  `{"version":"1.0.0","changelog":"","files":[{"path":"pikit-api.py","sha256":"${SHA}"}],"${name}":${value}}`;
const listed = (entry: (index: number) => object, count = 20_000): string =>
  JSON.stringify({ version: '1.0.0', changelog: '', files: Array.from({ length: count }, (_value, index) => entry(index)) });

const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'empty arrays': () => filled('[', '[],', '1]'),
  'empty objects': () => filled('[', '{},', '1]'),
  'small numbers': () => filled('[', '1,', '1]'),
  fractions: () => filled('[', '1.5,', '1]'),
  'short texts': () => filled('[', '"ab",', '1]'),
  'texts with escapes': () => filled('[', '"\\u20ac",', '1]'),
  'many keys': () => `{${Array.from({ length: 550_000 }, (_value, index) => `"k${String(index)}":1`).join()}}`,
  'one long text': () => `{"version":"${'x'.repeat(BIG)}"}`,
  'one long key': () => `{"${'x'.repeat(BIG)}":1}`,
  'one long number': () => `{"version":${'1'.repeat(BIG)}}`,
  'deep nesting': () => '['.repeat(BIG),
  'arrays that nest, as many as are allowed': () => inManifest('later', filled('[', `[${'[[]],'.repeat(18_000)}1],`, '1]', 950_000)),
  'objects, as many as are allowed': () => inManifest('later', `[${`[${'{},'.repeat(24_000)}1],`.repeat(16)}1]`),
  'objects with a key each, as many as are allowed': () => inManifest('later', `[${`[${'{"a":0.5},'.repeat(12_000)}1],`.repeat(16)}1]`),
  'texts of 300 characters': () => inManifest('later', `[${`["${'é'.repeat(300)}"],`.repeat(12_000)}1]`),
  'files that are empty objects': () => `{"version":"1.0.0","changelog":"","files":[${'{},'.repeat(24_000)}{}]}`,
  'files that are wrong in every member': () =>
    `{"version":"1.0.0","changelog":"","files":[${'{"path":"/x","sha256":"1","size":-1,"mode":"7777","package":"/","config":1},'.repeat(19_999)}{}]}`,
  'actions that no one knows': () => inManifest('post_install', `[${`{"a":"${'x'.repeat(300)}"},`.repeat(20_000)}1]`),
  'invalid at its end': () => listed((index) => ({ path: `pikit-web/${String(index)}`, sha256: SHA, size: 1 })).slice(0, -1),
  '20,000 legal files': () =>
    listed((index) => ({
      path: `pikit-web/${'d'.repeat(60)}/${String(index)}.js`,
      sha256: SHA,
      size: 1,
      mode: '0644',
      package: 'web',
      config: false,
    })),
  '20,000 legal files with twice the members': () =>
    listed((index) => ({
      path: `pikit-web/${String(index)}.js`,
      sha256: SHA,
      size: 1,
      mode: '0644',
      package: 'web',
      config: false,
      ...Object.fromEntries(Array.from({ length: 10 }, (_v, n) => [`later${String(n)}`, n])),
    })),
};

type Entry = Parameters<typeof tarGz>[0][number];
const file = (name: string, data: Buffer): Entry => ({ name, data });

interface Archive {
  files: { path: string; sha256: string; size: number }[];
  bundle: Buffer;
}

/** The manifest in the bundle: another one than the server's would be refused once all is unpacked. */
const inside = (files: Archive['files']): Entry => file('manifest.json', Buffer.from(JSON.stringify({ version: '1.0.0', changelog: '', files })));

function archiveOf(names: readonly string[], data: Buffer): Archive {
  const digest = sha256(data);
  const files = names.map((path) => ({ path, sha256: digest, size: data.length }));
  return { files, bundle: tarGz([inside(files), ...names.map((path) => file(path, data))]) };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_value, index) => `pikit-web/f${String(index)}`);
const ONE = { path: 'pikit-web/index.html', sha256: sha256('x'), size: 1 };

/** Attributes, as many as fit into the megabyte that an extended header may have: each is a record that is read over. */
const attributes = (seed: number, length: number, count: number): Buffer =>
  paxEntry(Object.fromEntries(Array.from({ length: count }, (_v, n) => [`SCHILY.xattr.user.${String(seed)}-${String(n)}`, 'v'.repeat(length)])));

const ARCHIVES: Readonly<Record<string, () => Archive>> = {
  '20,000 small files': () => archiveOf(numbered(20_000), Buffer.from('x')),
  'a few files of 20 MiB': () => archiveOf(numbered(5), Buffer.alloc(20 * MIB, 'abc')),
  'a bomb of a thousand times its size': () => ({ files: [ONE], bundle: zlib.gzipSync(Buffer.alloc(256 * MIB)) }),
  'a bomb of which each file is listed': () => archiveOf(numbered(3), Buffer.alloc(100 * MIB)),
  'a header that lies about a size': () => lying({ name: ONE.path, size: '77777777777\0' }),
  'a header that says less than there is': () => lying({ name: ONE.path, size: 1 }),
  'an extended header that lies about its size': () => lying({ name: 'PaxHeader/x', type: 'x', size: '77777777777\0' }),
  'a header of the manifest that lies about a size': () => lying({ name: 'manifest.json', size: '77777777777\0' }),
  'random bytes': () => ({ files: [ONE], bundle: Buffer.from(Array.from({ length: MIB }, (_value, index) => (index * 7919) % 251)) }),
  'many members': () => ({ files: [ONE], bundle: Buffer.concat(Array.from({ length: 100_000 }, () => zlib.gzipSync(''))) }),
  'an extended header of a megabyte before each file': () => {
    const names = numbered(12);
    const { files } = archiveOf(names, Buffer.from('x'));
    const entries = names.flatMap((path, index) => [attributes(index, 1, 28_000), file(path, Buffer.from('x'))]);
    return { files, bundle: tarGz([inside(files), ...entries]) };
  },
  'extended headers that are one long attribute': () => {
    const names = numbered(12);
    const { files } = archiveOf(names, Buffer.from('x'));
    const entries = names.flatMap((path, index) => [attributes(index, 1_000_000, 1), file(path, Buffer.from('x'))]);
    return { files, bundle: tarGz([inside(files), ...entries]) };
  },
  'an extended header before each of 20,000 files': () => {
    const names = numbered(20_000);
    const { files } = archiveOf(names, Buffer.from('x'));
    const entries = names.flatMap((path, index) => [attributes(index, 20, 3), file(path, Buffer.from('x'))]);
    return { files, bundle: tarGz([inside(files), ...entries]) };
  },
  'folders without end': () => ({
    files: [ONE],
    bundle: tarGz(Array.from({ length: 50_000 }, (_value, index) => ({ name: `pikit-web/d${String(index)}/`, type: '5', mode: 0o755 }))),
  }),
};

/** Its checksum is right: the size is believed until something else tells. */
function lying(header: { name: string; size: number | string; type?: string }): Archive {
  return { files: [ONE], bundle: tarGz([{ ...header, data: Buffer.alloc(64 * MIB, 'x') }]) };
}

function onDisk(): string {
  const root = fs.mkdtempSync('/var/tmp/pikit-memory-');
  onTestFinished(() => {
    fs.rmSync(root, { recursive: true, force: true });
  });
  return root;
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

const probe = limited(MIB);
probe?.remove();

/** In the default run those that need most, and one of each kind. */
function chosen<T>(shapes: Readonly<Record<string, T>>, names: readonly string[]): [string, T][] {
  return Object.entries(shapes).filter(([name]) => EXHAUSTIVE || names.includes(name));
}

const MANIFESTS = chosen(DOCUMENTS, [
  'empty arrays',
  'many keys',
  'deep nesting',
  'objects with a key each, as many as are allowed',
  'files that are wrong in every member',
  '20,000 legal files with twice the members',
]);
const LISTS = chosen(DOCUMENTS, ['empty arrays', 'many keys']);
const BUNDLES = chosen(ARCHIVES, Object.keys(ARCHIVES));

describe.skipIf(probe === null)('peak memory (needs root, and /sys/fs/cgroup that can be written), in a control group', () => {
  let measured = 0;

  const within = async (name: 'check' | 'fetch', shape: string, act: (options: RunOptions) => Promise<Ended>): Promise<Ended> => {
    const limit = limitOf(name);
    expect(limit).toBeGreaterThan(0);
    const group = limited(limit * MARGIN);
    if (group === null) throw new Error('the control group cannot be made any more');
    const own = peakIn(onDisk());
    try {
      const ended = await act({ through: group.through, env: own.env });
      const { bytes, kills } = group.peak();
      // Of the group's bytes the kernel takes back what is only cached of files; of these it takes nothing.
      const resident = own.take() * 1024;
      const peak = `${mib(resident)} resident; counted for the group, with what is cached of files, ${mib(bytes)} of ${mib(limit * MARGIN)}`;
      process.stdout.write(`  ${name}, ${shape}: ${peak}; ends with ${String(ended.code)} ${/\[[A-Z_]+\]/.exec(ended.out + ended.err)?.[0] ?? ''}\n`);
      expect(kills).toBe(0);
      expect(resident).toBeLessThan(limit * MARGIN);
      expect([0, 1]).toContain(ended.code);
      expect(ended.out + ended.err).not.toMatch(/INTERNAL|^$/);
      measured += 1;
      return ended;
    } finally {
      group.remove();
    }
  };

  it.each(MANIFESTS)('of check for a manifest: %s', async (name, make) => {
    const { site, server } = await published();
    const on = device({ url: server.url, root: onDisk() });
    fs.writeFileSync(join(site, 'manifest.json'), make());
    await within('check', name, (options) => step(on, 'check', options));
  });

  it.each(LISTS)('of check for a list of branches: %s', async (name, make) => {
    const { site, server } = await published();
    const on = device({ url: server.url, root: onDisk() });
    fs.writeFileSync(join(site, 'branches.json'), make().slice(0, MIB));
    await within('check', `list with ${name}`, (options) => step(on, 'check', options));
  });

  it.each(BUNDLES)('of fetch for a bundle: %s', async (name, make) => {
    const { site, server } = await published();
    const on = device({ url: server.url, root: onDisk() });
    const { files, bundle } = make();
    fs.mkdirSync(join(site, 'bundles'), { recursive: true });
    fs.writeFileSync(join(site, 'bundles/pikit-1.0.0.tar.gz'), bundle);
    const about = { name: 'pikit-1.0.0.tar.gz', size: bundle.length, sha256: sha256(bundle) };
    fs.writeFileSync(join(site, 'manifest.json'), JSON.stringify({ version: '1.0.0', changelog: '', files, bundle: about }));
    await within('fetch', name, (options) => step(on, 'fetch', options));
  });

  it('of fetch for a release as most are is at most 80 MiB', async () => {
    const { server, publish } = await published();
    await publish('1.0.0');
    const on = device({ url: server.url, root: onDisk() });
    expect(await step(on, 'check', {})).toMatchObject({ code: 0 });
    const own = peakIn(onDisk());
    expect(await step(on, 'fetch', { env: own.env })).toMatchObject({ code: 0 });
    const resident = own.take() * 1024;
    process.stdout.write(`  fetch, a release as most are: ${mib(resident)} resident\n`);
    expect(resident).toBeLessThanOrEqual(80 * MIB);
  });

  it('was measured for every shape', () => {
    atLeast('peak memory', measured, MANIFESTS.length + LISTS.length + BUNDLES.length);
  });
});
