/**
 * What the public TUF conformance suite looks at, made anew: `test/conformance/client` as a program, against a server, by its exit
 * status, by the files that it trusts and by what it asks for.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { useTempDir } from '../helpers/temp.ts';
import { otherKey, testKey } from '../helpers/tuf-keys.ts';
import type { RepositoryOptions, TufRepository } from '../helpers/tuf-repository.ts';
import { tufRepository } from '../helpers/tuf-repository.ts';

const dir = useTempDir();
let repository: TufRepository;
let server: http.Server;
let asked: string[] = [];
let scenarios = 0;

/** What expires has expired for the clock of this machine, which the program goes by. */
const PAST = new Date(0);

function make(options: RepositoryOptions = {}): TufRepository {
  repository = tufRepository({ now: new Date(), ...options });
  return repository;
}

beforeEach(async () => {
  scenarios += 1;
  asked = [];
  server = http.createServer((request, response) => {
    const [, folder = '', ...rest] = (request.url ?? '').split('/');
    const path = rest.join('/');
    asked.push(path);
    const bytes = folder === 'metadata' ? repository.files.get(path) : (repository.files.get(`targets/${path}`) ?? repository.documents.get(path));
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  fs.mkdirSync(join(dir(), 'metadata'));
  fs.mkdirSync(join(dir(), 'targets'));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

afterAll(() => {
  process.stdout.write(`${String(scenarios)} scenarios of TUF conformance\n`);
});

async function client(...args: string[]): Promise<number> {
  const child = spawn(join('test', 'conformance', 'client'), ['--metadata-dir', join(dir(), 'metadata'), ...args], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.exitCode ?? -1;
}

const urlOf = (folder: string): string => {
  const address: AddressInfo | string | null = server.address();
  return `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}/${folder}`;
};

async function init(root = repository.initialRoot): Promise<number> {
  fs.writeFileSync(join(dir(), 'initial.json'), root);
  return client('init', join(dir(), 'initial.json'));
}

const refresh = (...more: string[]): Promise<number> => client('--metadata-url', urlOf('metadata'), ...more, 'refresh');

const download = (name: string): Promise<number> =>
  client(
    '--metadata-url',
    urlOf('metadata'),
    '--target-name',
    name,
    '--target-dir',
    join(dir(), 'targets'),
    '--target-base-url',
    urlOf('targets'),
    'download',
  );

/** The versions of what is trusted, by file. */
function trusted(): Record<string, number> {
  const names = fs.readdirSync(join(dir(), 'metadata')).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    names.map((name) => [name, Number(/"version":\s*(\d+),\s*"expires"/.exec(fs.readFileSync(join(dir(), 'metadata', name), 'utf8'))?.[1])]),
  );
}

it('initialises without a question, and refreshes with four', async () => {
  make();
  expect([await init(), asked, await refresh(), asked]).toEqual([
    0,
    asked,
    0,
    ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'],
  ]);
  expect(trusted()).toEqual({ 'root.json': 1, 'timestamp.json': 1, 'snapshot.json': 1, 'targets.json': 1 });
});

it('refreshes before a download, also of what is not there', async () => {
  make();
  await init();
  expect(await download('nothing')).toBe(1);
  expect(Object.keys(trusted())).toHaveLength(4);
});

it.each<[name: string, root: () => Buffer]>([
  ['not signed', () => repository.sign(repository.root, [])],
  ['without a version', () => Buffer.from(repository.initialRoot.toString().replace(/"version": 1,/, ''))],
])('asks for nothing with an initial root that is %s', async (_name, root) => {
  make();
  await init(root());
  expect([await refresh(), asked]).toEqual([1, []]);
});

it('takes members that it does not know, and new roots with them', async () => {
  make();
  await init();
  Object.assign(repository.root, { 'custom-field': { a: [1, 'ü"\\'] } });
  repository.publishRoot();
  expect([await refresh(), trusted()['root.json']]).toEqual([0, 2]);
});

it.each<[name: string, keys: (index: number) => ReturnType<typeof testKey>]>([
  ['rsa', (index) => otherKey(`rsa ${String(index)}`, 'rsa')],
  ['ecdsa', (index) => otherKey(`ecdsa ${String(index)}`, 'ecdsa')],
])('knows keys of other projects (%s), which a device does not', async (_name, keyOf) => {
  const [root, timestamp, snapshot, targets] = [0, 1, 2, 3].map((index) => [keyOf(index)]);
  if (root === undefined || timestamp === undefined || snapshot === undefined || targets === undefined) throw new Error('no keys');
  make({ keys: { root, timestamp, snapshot, targets } });
  await init();
  expect([await refresh('--profile', 'device'), await refresh()]).toEqual([1, 0]);
});

it.each(['timestamp', 'snapshot', 'targets'])('refuses a %s that has expired', async (role) => {
  make();
  await init();
  await refresh();
  repository.expire(role, PAST);
  expect([await refresh(), trusted()[`${role}.json`]]).toEqual([1, 1]);
});

it('takes a root that has expired, and nothing below it', async () => {
  make();
  await init();
  await refresh();
  repository.expire('root', PAST);
  repository.publish();
  expect([await refresh(), trusted()]).toEqual([1, { 'root.json': 2, 'timestamp.json': 1, 'snapshot.json': 1, 'targets.json': 1 }]);
});

it('keeps a timestamp whose content changes without its version', async () => {
  make();
  await init();
  await refresh();
  const before = fs.readFileSync(join(dir(), 'metadata/timestamp.json'));
  repository.timestamp.version = 0;
  repository.snapshot.version = 99;
  repository.publish('timestamp');
  expect([await refresh(), fs.readFileSync(join(dir(), 'metadata/timestamp.json'))]).toEqual([0, before]);
});

it.each(['timestamp', 'snapshot', 'targets'] as const)('refuses a %s that goes back', async (role) => {
  make();
  repository.publish();
  await init();
  await refresh();
  repository[role].version = 0;
  repository.publish(role);
  expect([await refresh(), trusted()[`${role}.json`]]).toEqual([1, 2]);
});

it.each(['timestamp', 'snapshot', 'targets'] as const)('follows a %s back once the keys are rotated', async (role) => {
  make();
  repository[role].version = 99_998;
  repository.publish();
  await init();
  await refresh();
  expect(trusted()[`${role}.json`]).toBe(99_999);
  repository[role].version = 1;
  for (const rotated of ['snapshot', 'timestamp']) repository.rotate(rotated, [testKey(`new ${rotated}`)]);
  repository[role].version = 1;
  repository.publish();
  expect([await refresh(), trusted()[`${role}.json`]]).toEqual([0, 2]);
});

it.each<[name: string, keys: string[], threshold: number, signers: string[], code: number]>([
  ['one of one', ['b'], 1, ['b'], 0],
  ['with signatures of keys that are not asked for', ['b'], 1, ['x', 'b', 'y'], 0],
  ['not by the new key', ['b'], 1, ['x', 'y'], 1],
  ['three of five', ['a', 'b', 'c', 'd', 'e'], 3, ['a', 'c', 'e'], 0],
  ['two of five where three are needed', ['a', 'b', 'c', 'd', 'e'], 3, ['a', 'e'], 1],
  ['more than there are', ['a', 'b'], 3, ['a', 'b'], 1],
])('counts signatures of targets: %s', async (_name, keys, threshold, signers, code) => {
  make();
  await init();
  await refresh();
  repository.rotate('targets', keys.map(testKey), threshold);
  repository.signers.set('targets', signers.map(testKey));
  repository.publish();
  expect(await refresh()).toBe(code);
});

it.each(['?', '#', '/delegatedrole', '../delegatedrole', '.', '%2e%2e', 'ü'])('asks for and keeps a role of the name %j', async (role) => {
  make();
  repository.delegate(role, { paths: ['*'] });
  repository.publish();
  await init();
  expect(await download('nothing')).toBe(1);
  expect(asked).toContain(`1.${encodeURIComponent(role)}.json`);
  expect(Object.keys(trusted())).toHaveLength(5);
});

it.each([true, false])('downloads, and not again what it has (consistent snapshot: %s)', async (consistent) => {
  make({ consistent });
  repository.put('path/to/a file.txt', 'content');
  repository.files.set('targets/path/to/a%20file.txt', Buffer.from('content'));
  const sha256 = repository.targets.targets['path/to/a file.txt']?.hashes['sha256'] ?? '';
  repository.files.set(`targets/path/to/${sha256}.a%20file.txt`, Buffer.from('content'));
  repository.publish();
  await init();
  expect(await download('path/to/a file.txt')).toBe(0);
  expect(fs.readFileSync(join(dir(), 'targets', 'path%2Fto%2Fa%20file.txt'), 'utf8')).toBe('content');
  expect(asked.at(-1)).toBe(consistent ? `path/to/${sha256}.a%20file.txt` : 'path/to/a%20file.txt');
  asked.length = 0;
  expect([await download('path/to/a file.txt'), asked]).toEqual([0, [...asked.slice(0, 1), 'timestamp.json']]);
});

it.each(['other text', 'longer than it is'])('refuses a file that was exchanged: %s', async (content) => {
  make();
  repository.put('file.txt', 'first text');
  repository.publish();
  const sha256 = repository.targets.targets['file.txt']?.hashes['sha256'] ?? '';
  repository.files.set(`targets/${sha256}.file.txt`, Buffer.from(content));
  await init();
  expect([await download('file.txt'), fs.readdirSync(join(dir(), 'targets'))]).toEqual([1, []]);
});
