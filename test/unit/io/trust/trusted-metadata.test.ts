import { expect, it } from 'vitest';
import { targetsRole, trustNextRoot, trustRoot, trustSnapshot, trustTargets, trustTimestamp } from '../../../../lib/io/trust/trusted-metadata.ts';
import type { TrustedMetadata } from '../../../../lib/io/trust/trusted-metadata.ts';
import { containing } from '../../../helpers/matchers.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { TUF_NOW, tufRepository } from '../../../helpers/tuf-repository.ts';

const begin = ({ initialRoot }: TufRepository, now = TUF_NOW, lastGood: Date | null = null): TrustedMetadata =>
  trustRoot(initialRoot, { now, profile: 'device', lastGood });
const bytesOf = ({ files }: TufRepository, name: string): Buffer => files.get(name) ?? Buffer.alloc(0);

it('goes by the reference time that it is given, and by no clock', () => {
  // Neither date is that of any day on which this runs.
  for (const year of [1999, 2199]) {
    const repository = tufRepository({ now: new Date(Date.UTC(year, 5, 1)) });
    const bytes = bytesOf(repository, 'timestamp.json');
    expect(trustTimestamp(begin(repository, new Date(Date.UTC(year, 5, 14, 23))), bytes)).toBe('new');
    const late = begin(repository, new Date(Date.UTC(year, 5, 15)));
    expect(() => trustTimestamp(late, bytes)).toThrow(expect.objectContaining({ code: 'METADATA_EXPIRED' }));
  }
});

it('says when everything was good last, when that is known', () => {
  const repository = tufRepository();
  const trusted = begin(repository, new Date('2026-12-24T00:00:00Z'), new Date('2026-11-03T06:30:00Z'));
  expect(() => trustTimestamp(trusted, bytesOf(repository, 'timestamp.json'))).toThrow(
    expect.objectContaining({
      message:
        "'timestamp.json' (role timestamp, version 1) was valid until 2026-11-15 12:00 UTC, and it is 2026-12-24 00:00 UTC now: the source is stale, last known good on 2026-11-03 06:30 UTC",
      hint: containing('timedatectl'),
    }),
  );
});

it('keeps the timestamp that it has when another has the same version', () => {
  const repository = tufRepository();
  const trusted = begin(repository);
  expect(trustTimestamp(trusted, bytesOf(repository, 'timestamp.json'))).toBe('new');
  repository.timestamp.version = 0;
  repository.snapshot.version = 99;
  repository.publish('timestamp');
  expect(trustTimestamp(trusted, bytesOf(repository, 'timestamp.json'))).toBe('same');
  expect(trusted.set.timestamp?.signed.snapshotMeta.version).toBe(1);
});

it('takes the way from the root to targets', () => {
  const repository = tufRepository();
  repository.put('manifest.json', 'x');
  repository.publish();
  const trusted = begin(repository);
  trustNextRoot(trusted, repository.publishRoot(), '2.root.json');
  trustTimestamp(trusted, bytesOf(repository, 'timestamp.json'));
  trustSnapshot(trusted, bytesOf(repository, '2.snapshot.json'), '2.snapshot.json');
  expect(targetsRole(trusted, 'targets')).toBe(null);
  trustTargets(trusted, bytesOf(repository, '2.targets.json'), { name: '2.targets.json', role: 'targets', delegator: 'root' });
  expect(Object.keys(targetsRole(trusted, 'targets')?.signed.targets ?? {})).toEqual(['manifest.json']);
});

it('names both versions of targets that another snapshot names', () => {
  const repository = tufRepository({ hashes: false });
  repository.publish();
  repository.snapshot.meta['targets.json'] = { version: 7 };
  repository.publish('snapshot');
  const trusted = begin(repository);
  trustTimestamp(trusted, bytesOf(repository, 'timestamp.json'));
  trustSnapshot(trusted, bytesOf(repository, '3.snapshot.json'), '3.snapshot.json');
  expect(() => {
    trustTargets(trusted, bytesOf(repository, '2.targets.json'), { name: '7.targets.json', role: 'targets', delegator: 'root' });
  }).toThrow(
    expect.objectContaining({ code: 'METADATA_MISMATCH', message: "'7.targets.json' is version 2, and the snapshot version 3 names version 7" }),
  );
});

it('names both versions of a snapshot that another timestamp names', () => {
  const repository = tufRepository({ hashes: false });
  const trusted = begin(repository);
  const old = bytesOf(repository, '1.snapshot.json');
  repository.publish();
  trustTimestamp(trusted, bytesOf(repository, 'timestamp.json'));
  expect(() => {
    trustSnapshot(trusted, old, '2.snapshot.json');
  }).toThrow(
    expect.objectContaining({ code: 'METADATA_MISMATCH', message: "'2.snapshot.json' is version 1, and 'timestamp.json' version 2 names version 2" }),
  );
});
