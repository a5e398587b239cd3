/** Opens signed metadata with the time and the versions that this device has come to trust: it goes forward from there only. */
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import { metadataHead } from '../../core/trust/metadata-head.ts';
import type { MetadataClient, MetadataSource } from '../../io/trust/metadata-types.ts';
import type { MetadataStore } from '../../io/trust/metadata-store.ts';
import type { VerifyingDeps } from '../deps.ts';
import { assertClock } from '../source/situation.ts';
import { readFloor } from './trust-floor.ts';

export interface TrustedFolder {
  /** Where what was verified is kept. */
  dir: string;
  mode: number;
  dirMode: number;
}

/**
 * All that was verified, refreshed from `source`. Throws CLOCK_WRONG before anything is asked where the clock is more than a day behind
 * a time that was trusted; and TRUST_*, SIGNATURE_*, METADATA_* and what the source throws. What is stored stays then, or is newer.
 */
export async function refreshTrusted(
  deps: VerifyingDeps,
  { initialRoot, folder, source }: { initialRoot: Buffer; folder: TrustedFolder; source: MetadataSource },
): Promise<MetadataClient> {
  const tools = await deps.metadataTools();
  const { dir, mode, dirMode } = folder;
  const now = deps.now();
  const store = withoutTomorrow(tools.folderStore(dir, { mode, dirMode }), now);
  const floor = readFloor(deps);
  const trusted = latest(floor?.at ?? null, aheadOf(now, store) ? tools.openMetadata({ initialRoot, store, source, now }).state().signedAt : null);
  assertClock(now, trusted, 'the newest signature that was verified here');
  const client = tools.openMetadata({
    initialRoot,
    store,
    source,
    now: latest(now, deps.builtAt, trusted) ?? now,
    lastGood: latest(deps.files.readState().trust?.good ?? null),
    ...(floor === null ? {} : { floor: { root: floor.root, timestamp: floor.timestamp } }),
  });
  await client.refresh();
  return client;
}

/** Whether what is stored says that the clock is behind. It is believed when it has been verified: it may be damaged. */
function aheadOf(now: Date, store: MetadataStore): boolean {
  const signedAt = metadataHead(store.read('timestamp.json', METADATA_MAX_BYTES.timestamp))?.signedAt ?? null;
  return signedAt !== null && signedAt > now;
}

/**
 * A timestamp that was signed more than a day after now is not kept: with a clock that is right, a stolen key cannot put the time of
 * this device forward, and so nothing has to be put back once the key is replaced.
 */
function withoutTomorrow(store: MetadataStore, now: Date): MetadataStore {
  return {
    ...store,
    write: (name, bytes) => {
      if (name === 'timestamp.json') assertClock(now, metadataHead(bytes)?.signedAt ?? null, 'the metadata of the source was signed');
      store.write(name, bytes);
    },
  };
}

function latest(...times: readonly (Date | string | null)[]): Date | null {
  const known = times.flatMap((time) => (time === null ? [] : [new Date(time).getTime()]));
  return known.length === 0 ? null : new Date(Math.max(...known));
}
