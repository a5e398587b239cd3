/** Publishes the signed metadata of a folder to the Gitea of the tests, and says what devices find there. */
import { UpdateError } from '../../lib/core/errors.ts';
import { repositoryAt } from '../../lib/core/network/gitea-address.ts';
import type { GiteaClient } from '../../lib/io/source/gitea-client.ts';
import { giteaClient } from '../../lib/io/source/gitea-client.ts';
import { readMetadataSet } from '../../lib/release/gitea/metadata-set.ts';
import { compareMetadata } from '../../lib/release/gitea/metadata-there.ts';
import { pruneMetadataAssets } from '../../lib/release/gitea/prune-metadata.ts';
import { publishMetadata } from '../../lib/release/gitea/publish-metadata.ts';
import { openMetadata } from '../../lib/io/trust/metadata-client.ts';
import type { GiteaServer } from './gitea-server.ts';
import { WRITER } from './gitea-server.ts';
import { TUF_NOW, memoryStore } from './tuf-repository.ts';

/** A client that may write. */
export function writerOf(server: GiteaServer): GiteaClient {
  const repository = repositoryAt(server.url);
  if (repository === null) throw new Error('no repository');
  return giteaClient(repository, { token: WRITER, signal: new AbortController().signal });
}

/** Compares, publishes and prunes; what was done. `onDone` is called after each thing of it. */
export async function publishMetadataOf(
  server: GiteaServer,
  dir: string,
  { verify = false, onDone = () => undefined }: { verify?: boolean; onDone?: (what: string) => void } = {},
): Promise<string[]> {
  const client = writerOf(server);
  const set = readMetadataSet(dir);
  if (set === null) throw new Error(`'${dir}' has no metadata`);
  const done: string[] = [];
  const publication = {
    client,
    set,
    to: `gitea:${server.url}`,
    onDone: (what: string): void => {
      done.push(what);
      onDone(what);
    },
  };
  const there = await compareMetadata({ ...publication, verify }, set, await client.list());
  await publishMetadata({ ...publication, there });
  await pruneMetadataAssets({ ...publication, release: there.release });
  return done;
}

/** What a device gets under each name: of two, the older; nothing of a draft. */
export function foundBy(server: GiteaServer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const { assets, draft, tag } of server.releases) {
    if (tag !== 'tuf' || draft) continue;
    for (const { name, bytes } of assets) if (!files.has(name)) files.set(name, bytes);
  }
  return files;
}

/** The documents that a device is led to by what it finds, or the code of the failure. `seen` is what it has trusted before, and grows. */
export async function trustedBy(
  files: ReadonlyMap<string, Buffer>,
  initialRoot: Buffer,
  paths: readonly string[],
  seen: Map<string, Buffer>,
): Promise<string> {
  const client = openMetadata({
    initialRoot,
    store: memoryStore(seen),
    source: { get: (name) => Promise.resolve(files.get(name) ?? null) },
    now: TUF_NOW,
  });
  try {
    await client.refresh();
    const digests: string[] = [];
    for (const path of paths) {
      const sha256 = (await client.target(path))?.sha256 ?? '';
      digests.push(files.get(`${sha256}.${path}`)?.toString() ?? `no copy of ${path}`);
    }
    return digests.join(', ');
  } catch (error) {
    return error instanceof UpdateError ? error.code : String(error);
  }
}
