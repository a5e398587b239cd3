/** A site as a device sees it that trusts a root: by the very client of devices, which has verified nothing before. */
import { join } from 'node:path';
import { sha256Of } from '../../core/digest.ts';
import { UpdateError, mismatch } from '../../core/errors.ts';
import { BRANCHES_NAME } from '../../core/release/site-layout.ts';
import { metadataPath, targetCopyPath } from '../../core/trust/metadata-layout.ts';
import { openMetadata } from '../../io/trust/metadata-client.ts';
import type { MetadataStore } from '../../io/trust/metadata-store.ts';
import type { MetadataClient, MetadataSource } from '../../io/trust/metadata-types.ts';
import { readRootDocument } from '../../io/trust/root-document.ts';
import { manifestFiles, readIfThere } from '../site/site.ts';

/** A root as it is given. */
export interface GivenRoot {
  path: string;
  bytes: Buffer;
}

export interface DeviceView {
  /** One sentence each. */
  problems: string[];
  /** The version of the root that was given, and of the newest that the site leads to from there; null where it leads to none. */
  given: number;
  newest: number | null;
}

/** Throws METADATA_INVALID and SIGNATURE_INVALID for what is no root, and reports all that is wrong with the site. */
export async function viewOfDevice(dir: string, { path, bytes }: GivenRoot, at: Date): Promise<DeviceView> {
  const { version: given } = readRootDocument(bytes, path);
  const who = `a device that trusts '${path}'`;
  const client = openMetadata({ initialRoot: bytes, store: storeInMemory(), source: sourceIn(dir), now: at });
  try {
    await client.refresh();
  } catch (error) {
    return { problems: [`${who} installs nothing: ${messageOf(error)}`], given, newest: null };
  }
  const problems: string[] = [];
  for (const name of [BRANCHES_NAME, ...manifestFiles(dir).map((file) => file.name)]) {
    const problem = await documentProblem(dir, client, name);
    if (problem !== null) problems.push(`${name}: ${who} does not take it: ${problem}`);
  }
  return { problems, given, newest: client.state().root };
}

async function documentProblem(dir: string, client: MetadataClient, name: string): Promise<string | null> {
  try {
    const target = await client.target(name);
    if (target === null) return 'it is not signed';
    const bytes = readIfThere(join(dir, targetCopyPath(name, target.sha256)));
    if (bytes === null) return `'${targetCopyPath(name, target.sha256)}' is missing`;
    const actual = sha256Of(bytes);
    return actual === target.sha256 ? null : mismatch('sha256', target.sha256, actual);
  } catch (error) {
    return messageOf(error);
  }
}

/** Anything else than what is wrong with the site is no answer about it. */
function messageOf(error: unknown): string {
  if (error instanceof UpdateError) return error.message;
  throw error;
}

function sourceIn(dir: string): MetadataSource {
  return { get: (name) => Promise.resolve(readIfThere(join(dir, metadataPath(name)))) };
}

function storeInMemory(): MetadataStore {
  const files = new Map<string, Buffer>();
  return {
    read: (name, maxBytes) => {
      const bytes = files.get(name) ?? null;
      return bytes !== null && bytes.length <= maxBytes ? bytes : null;
    },
    write: (name, bytes) => void files.set(name, bytes),
    remove: (name) => void files.delete(name),
    names: () => [...files.keys()].toSorted(),
  };
}
