import { describe, expect, it } from 'vitest';
import { refreshTrusted } from '../../../../lib/steps/trust/open-trusted.ts';
import type { MetadataClient } from '../../../../lib/io/trust/metadata-types.ts';
import { writePublicFacts } from '../../../../lib/steps/outcome/write-public-facts.ts';
import { raiseFloor } from '../../../../lib/steps/trust/trust-floor.ts';
import fs from 'node:fs';
import type { Device } from '../../../helpers/device.ts';
import { device, netDeps, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { trustRoot } from '../../../helpers/tuf-site.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';

const NOW = new Date('2026-11-10T12:00:00.000Z');
const hours = (n: number): Date => new Date(NOW.getTime() + n * 3_600_000);

interface Bench {
  on: Device;
  tuf: TufRepository;
  refresh: (now?: Date, builtAt?: Date | null) => Promise<MetadataClient>;
}

function bench(): Bench {
  const on = device();
  const tuf = tufRepository({ now: NOW });
  trustRoot(on, tuf.initialRoot);
  return {
    on,
    tuf,
    refresh: async (now = NOW, builtAt = null) => {
      const folder = { dir: on.paths.trustCache, mode: 0o644, dirMode: 0o755 };
      return await refreshTrusted(netDeps(on, { now: () => now, builtAt }), { initialRoot: tuf.initialRoot, folder, source: tuf.source() });
    },
  };
}

it('keeps what it has verified for everybody to read', async () => {
  const { on, refresh } = bench();
  expect((await refresh()).state()).toMatchObject({ root: 1, timestamp: 1 });
  expect(fs.readdirSync(on.paths.trustCache).toSorted()).toEqual(['1.root.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
  expect(fs.statSync(on.paths.trustCache).mode & 0o777).toBe(0o755);
});

describe('the time', () => {
  it('may be a day behind the newest signature that was verified here, and no more', async () => {
    const { refresh } = bench();
    await refresh();
    await expect(refresh(hours(-24))).resolves.toBeDefined();
    await expect(refresh(hours(-25))).rejects.toMatchObject({ code: 'CLOCK_WRONG', message: containing('2026-11-10T12:00:00.000Z') });
  });

  it('is known from root where the cache is gone', async () => {
    const { on, refresh } = bench();
    writePublicFacts(stepDeps(on), 'apply', null);
    raiseFloor(stepDeps(on), await refresh());
    fs.rmSync(on.paths.trustCache, { recursive: true });
    await expect(refresh(hours(-25))).rejects.toMatchObject({ code: 'CLOCK_WRONG' });
  });

  it('is at least that of the newest signature: what has expired since does not come to life again', async () => {
    const { tuf, refresh } = bench();
    await refresh();
    tuf.expire('timestamp', hours(-1));
    await expect(refresh(hours(-2))).rejects.toMatchObject({ code: 'METADATA_EXPIRED' });
  });

  it('is at least when this updater was built', async () => {
    const { tuf, refresh } = bench();
    tuf.expire('timestamp', hours(5));
    await expect(refresh(NOW, hours(6))).rejects.toMatchObject({ code: 'METADATA_EXPIRED' });
  });

  it('cannot be put forward by a stolen key: what was signed tomorrow is not kept, and the next key is followed', async () => {
    const { on, tuf, refresh } = bench();
    await refresh();
    tuf.now = new Date('2036-01-01T00:00:00Z');
    tuf.publish('timestamp');
    await expect(refresh()).rejects.toMatchObject({ code: 'CLOCK_WRONG', message: containing('2036-01-01'), hint: containing('timedatectl') });
    expect(fs.readFileSync(`${on.paths.trustCache}/timestamp.json`, 'utf8')).not.toContain('2036');
    tuf.now = NOW;
    tuf.rotate('timestamp', [testKey('a new one')]);
    expect((await refresh()).state()).toMatchObject({ root: 2 });
  });

  it('is not put forward by damage', async () => {
    const { on, refresh } = bench();
    await refresh();
    const file = `${on.paths.trustCache}/timestamp.json`;
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"2026-11-10T12:00:00.000Z"', '"2036-11-10T12:00:00.000Z"'));
    expect((await refresh()).state()).toMatchObject({ timestamp: 1 });
  });
});
