/**
 * A store after power cuts and damage: any write is the last one, each file is old, new or missing, cut, zeroed, or has wrong bits.
 * Two things hold for all of them. No root and no timestamp counts that is older than what was trusted, also when the source is an
 * old copy. And a good source is always believed again.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { openMetadata } from '../../../../lib/io/trust/metadata-client.ts';
import type { MetadataClient } from '../../../../lib/io/trust/metadata-types.ts';
import type { MetadataStore } from '../../../../lib/io/trust/metadata-store.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { TUF_NOW, memorySource, memoryStore, tufRepository } from '../../../helpers/tuf-repository.ts';

type Files = ReadonlyMap<string, Buffer>;

/** One site before and after two new roots, the second with another timestamp key, and all else signed anew. */
const repository = tufRepository();
repository.delegate('branch-nightly');
repository.put('manifest.json', 'stable 1');
repository.put('manifest_nightly.json', 'nightly 1', 'branch-nightly');
repository.publish();
const { initialRoot } = repository;
const oldSite = repository.copyFiles();
const oldStore = await storedFrom(oldSite, new Map());
repository.publishRoot();
repository.rotate('timestamp', [testKey('timestamp'), testKey('second')]);
repository.put('manifest.json', 'stable 2');
repository.put('manifest_nightly.json', 'nightly 2', 'branch-nightly');
repository.publish();
const newSite = repository.copyFiles();
const newStore = await storedFrom(newSite, oldStore);
const FLOOR = { root: 3, timestamp: repository.timestamp.version };

let cases = 0;
afterAll(() => {
  process.stdout.write(`${String(cases)} damaged stores of signed metadata\n`);
});

function open(files: Files, store: MetadataStore, floor?: { root: number; timestamp: number }): MetadataClient {
  return openMetadata({ initialRoot, store, source: memorySource(files), now: TUF_NOW, ...(floor === undefined ? {} : { floor }) });
}

async function storedFrom(site: Files, before: Files): Promise<Files> {
  const store = memoryStore(new Map(before));
  const client = open(site, store);
  await client.refresh();
  await client.target('manifest_nightly.json');
  return store.files;
}

/** What both rules say of a store that had reached `floor`. */
async function check(files: Files, floor: { root: number; timestamp: number }): Promise<void> {
  cases += 1;
  expect(stateOf(open(newSite, memoryStore(new Map(files)), floor))).toBeOneOf([1, 2, 3, 'TRUST_DAMAGED'].slice(floor.root - 1));
  const stale = open(oldSite, memoryStore(new Map(files)), floor);
  const problem = await codeOf(stale.refresh());
  if (problem === null) expect([stale.state().root >= floor.root, (stale.state().timestamp ?? 0) >= floor.timestamp]).toEqual([true, true]);
  else expect(problem).toBeOneOf(['METADATA_ROLLBACK', 'TRUST_DAMAGED']);
  const store = memoryStore(new Map(files));
  const client = open(newSite, store, floor);
  await client.refresh();
  expect(client.state()).toMatchObject({ root: 3, timestamp: FLOOR.timestamp });
  expect((await client.target('manifest_nightly.json'))?.length).toBe(9);
  expect((await client.target('manifest.json'))?.length).toBe(8);
  // It is as good as new: the same is known offline.
  expect(open(new Map(), store, floor).state()).toMatchObject({ root: 3, timestamp: FLOOR.timestamp });
}

function stateOf(client: MetadataClient): unknown {
  try {
    return client.state().root;
  } catch (error) {
    return error instanceof UpdateError ? error.code : error;
  }
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
    return null;
  } catch (error) {
    return error instanceof UpdateError ? error.code : error;
  }
}

/** The store up to one change, which fails as all after it. */
function cutAfter(changes: number, files: Map<string, Buffer>): MetadataStore {
  const store = memoryStore(files);
  const counted = <A extends unknown[]>(change: (...args: A) => void) => (...args: A): void => {
    if (store.writes.length >= changes) throw new Error('power cut');
    change(...args);
  }; // prettier-ignore
  return { ...store, write: counted(store.write), remove: counted(store.remove) };
}

describe('after a power cut', () => {
  it('at each write of a refresh', async () => {
    const start = { root: 1, timestamp: 2 };
    let cuts = 0;
    for (let done = false; !done; cuts += 1) {
      const files = new Map(oldStore);
      const client = open(newSite, cutAfter(cuts, files), start);
      const whole = client.refresh().then(() => client.target('manifest_nightly.json'));
      done = (await whole.then(() => null, (error: unknown) => error)) === null; // prettier-ignore
      await check(files, start);
      // No name but those of the two stores.
      expect([...files.keys()].filter((name) => !newStore.has(name))).toEqual([]);
    }
    expect(cuts).toBeGreaterThan(7);
  });

  it('with files old, new or missing, in every combination of two of them; of all of them when there is time', async () => {
    const names = [...newStore.keys()].filter((name) => name !== '1.root.json');
    expect(names).toHaveLength(7);
    const choices = names.map((name) => [newStore.get(name), oldStore.get(name), undefined].filter((bytes, at, all) => all.indexOf(bytes) === at));
    const most = process.env['PIKIT_EXHAUSTIVE'] === '1' ? names.length : 2;
    const visit = async (at: number, changed: number, files: Files): Promise<void> => {
      const [name, choice] = [names[at], choices[at]];
      if (name === undefined || choice === undefined) return check(files, FLOOR);
      for (const bytes of choice) {
        const now = changed + (bytes === newStore.get(name) ? 0 : 1);
        if (now <= most) await visit(at + 1, now, bytes === undefined ? files : new Map([...files, [name, bytes]]));
      }
    };
    await visit(0, 0, new Map());
  });
});

describe('with damage', () => {
  it.each([...newStore.keys()])('in %s', async (name) => {
    const bytes = newStore.get(name) ?? Buffer.alloc(0);
    const step = Math.max(1, Math.floor(bytes.length / 10));
    const damaged: Buffer[] = [
      Buffer.alloc(bytes.length),
      Buffer.alloc(4096),
      Buffer.from('null'),
      Buffer.from('{}'),
      Buffer.concat([bytes, Buffer.from('x')]),
    ];
    for (let at = 0; at < bytes.length; at += step) {
      damaged.push(bytes.subarray(0, at));
      damaged.push(Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]));
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
      damaged.push(flipped);
    }
    for (const other of newStore.keys()) if (other !== name) damaged.push(newStore.get(other) ?? Buffer.alloc(0));
    for (const replaced of damaged) await check(new Map([...newStore, [name, replaced]]), FLOOR);
  });

  it('in every file at once', async () => {
    for (const fill of [0, 0x20, 0x7b, 0xff])
      await check(new Map([...newStore].map(([name, bytes]) => [name, Buffer.alloc(bytes.length, fill)])), FLOOR);
    await check(new Map(), FLOOR);
  });
});
