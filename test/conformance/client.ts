/**
 * The client of signed metadata behind the command line of the public TUF conformance suite:
 *
 *   client --metadata-dir M init ROOT
 *   client --metadata-dir M --metadata-url U refresh
 *   client --metadata-dir M --metadata-url U --target-name T --target-dir D --target-base-url B download
 *
 * It ends with 0 or 1, and with a line on standard error. M has `root.json`, `timestamp.json`, `snapshot.json`, `targets.json` and
 * the delegated roles; the roots on the way are in a folder of it. Repositories of other projects are what it reads, so keys of every
 * kind that tuf-js knows and delegations of every form are allowed; `--profile device` allows what a device does.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UpdateError } from '../../lib/core/errors.ts';
import { openMetadata } from '../../lib/io/trust/metadata-client.ts';
import { folderStore } from '../../lib/io/trust/metadata-store.ts';
import type { MetadataClient } from '../../lib/io/trust/metadata-types.ts';
import type { MetadataStore } from '../../lib/io/trust/metadata-store.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'metadata-dir': { type: 'string' },
    'metadata-url': { type: 'string' },
    'target-name': { type: 'string' },
    'target-dir': { type: 'string' },
    'target-base-url': { type: 'string' },
    profile: { type: 'string', default: 'tuf' },
  },
});

function option(name: Exclude<keyof typeof values, 'profile'>): string {
  const value = values[name];
  if (value === undefined) throw new UpdateError('USAGE', `--${name} is missing`);
  return value;
}

/** The suite takes every file of M for a role, so the roots on the way have a folder of their own. */
function suiteStore(dir: string): MetadataStore {
  const store = folderStore(dir);
  const roots = folderStore(join(dir, 'root_history'));
  const of = (name: string): MetadataStore => (/^\d+\.root\.json$/.test(name) ? roots : store);
  return {
    read: (name, maxBytes) => of(name).read(name, maxBytes),
    write: (name, bytes) => {
      of(name).write(name, bytes);
    },
    remove: (name) => {
      of(name).remove(name);
    },
    names: () => [...store.names(), ...roots.names()],
  };
}

/** Null: it is not there. Never more than `maxBytes`, and one byte to see that there are more. */
async function getBytes(url: string, maxBytes: number): Promise<Buffer | null> {
  const answer = await fetch(url);
  if ([403, 404].includes(answer.status)) return null;
  if (!answer.ok) throw new UpdateError('HTTP_STATUS', `'${url}' answers ${String(answer.status)}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    const chunk: unknown = part.value;
    if (!(chunk instanceof Uint8Array)) break;
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) throw new UpdateError('RESPONSE_TOO_LARGE', `'${url}' has more than ${String(maxBytes)} bytes`);
  }
  return Buffer.concat(chunks);
}

const initialPath = (dir: string): string => join(dir, 'root_history', 'initial_root.json');

function init(dir: string, root: string): void {
  fs.mkdirSync(join(dir, 'root_history'), { recursive: true });
  for (const path of [initialPath(dir), join(dir, 'root.json')]) fs.copyFileSync(root, path);
}

function open(dir: string): MetadataClient {
  return openMetadata({
    initialRoot: fs.readFileSync(initialPath(dir)),
    store: suiteStore(dir),
    source: { get: (name, maxBytes) => getBytes(`${option('metadata-url').replace(/\/$/, '')}/${name}`, maxBytes) },
    now: new Date(),
    profile: values.profile === 'device' ? 'device' : 'tuf',
  });
}

async function download(dir: string): Promise<void> {
  const client = open(dir);
  await client.refresh();
  const path = option('target-name');
  const target = await client.target(path);
  if (target === null) throw new UpdateError('SIGNATURE_MISSING', `no role names '${path}'`);
  const place = join(option('target-dir'), encodeURIComponent(path));
  const isIt = (bytes: Buffer): boolean => bytes.length === target.length && createHash('sha256').update(bytes).digest('hex') === target.sha256;
  if (fs.existsSync(place) && isIt(fs.readFileSync(place))) return;
  const names = path.split('/').map(encodeURIComponent);
  const isConsistent = fs.readFileSync(join(dir, 'root.json'), 'utf8').replaceAll(/\s/g, '').includes('"consistent_snapshot":true');
  if (isConsistent) names.push(`${target.sha256}.${names.pop() ?? ''}`);
  const bytes = await getBytes(`${option('target-base-url').replace(/\/$/, '')}/${names.join('/')}`, target.length);
  if (bytes === null) throw new UpdateError('NOT_FOUND', `the repository does not have '${path}'`);
  if (!isIt(bytes)) throw new UpdateError('METADATA_MISMATCH', `'${path}' is not what its role names`);
  fs.writeFileSync(place, bytes);
}

async function run(): Promise<void> {
  const dir = option('metadata-dir');
  const [command = '', root] = positionals;
  if (command === 'init' && root !== undefined) init(dir, root);
  else if (command === 'refresh') await open(dir).refresh();
  else if (command === 'download') await download(dir);
  else throw new UpdateError('USAGE', `'${command}' is none of init ROOT, refresh and download`);
}

try {
  await run();
} catch (error) {
  process.stderr.write(error instanceof UpdateError ? `error: ${error.message} [${error.code}]\n` : `error: ${String(error)}\n`);
  process.exitCode = 1;
}
