/**
 * Attacks on signed metadata, under the names that the TUF specification has for them. A device has checked once; then a server, a
 * mirror or a network gives it something else. Each attack is refused with its code and a message that names the thing; nothing that
 * is stored gets worse; and the device believes the honest server afterwards.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openMetadata } from '../../lib/io/trust/metadata-client.ts';
import { folderStore } from '../../lib/io/trust/metadata-store.ts';
import type { ErrorCode } from '../../lib/core/errors.ts';
import { UpdateError } from '../../lib/core/errors.ts';
import { useTempDir } from '../helpers/temp.ts';
import { snapshot } from '../helpers/tree.ts';
import { containing, matching } from '../helpers/matchers.ts';
import { testKey } from '../helpers/tuf-keys.ts';
import type { TufRepository } from '../helpers/tuf-repository.ts';
import { TUF_NOW, tufRepository } from '../helpers/tuf-repository.ts';

const dir = useTempDir();
const DAY_MS = 86_400_000;
const days = (count: number): Date => new Date(TUF_NOW.getTime() + count * DAY_MS);
let attacks = 0;

afterAll(() => {
  process.stdout.write(`${String(attacks)} attacks on signed metadata\n`);
});

interface Attack {
  name: string;
  /** What the attacker makes of the server's files; the repository is as honest as before unless the attacker has keys. */
  act: (evil: TufRepository) => void;
  code: ErrorCode;
  message: RegExp;
  /** What is looked for; the refresh alone when it is left out. */
  target?: string;
  now?: Date;
  /** Files that were true and new before what is wrong came: they may be stored. */
  stored?: readonly string[];
  /** The attacker has put a role into a signed snapshot, where it has to stay: only other keys take it back (5.3.11). */
  rotated?: boolean;
}

function site(): TufRepository {
  const repository = tufRepository({ keys: { root: ['Ada', 'Bob', 'Cyd'].map(testKey) }, thresholds: { root: 2 } });
  repository.delegate('branch-nightly', { keys: [testKey('ci')] });
  repository.put('branches.json', '[]');
  repository.put('manifest.json', 'stable 1');
  repository.put('manifest_nightly.json', 'nightly 1', 'branch-nightly');
  repository.publish();
  repository.publish();
  return repository;
}

/** The same repository, with the same keys, as the attacker holds it. */
const put = (repository: TufRepository, name: string, bytes: Buffer | undefined): void => {
  if (bytes === undefined) throw new Error(`there is no '${name}'`);
  repository.files.set(name, bytes);
};

const mallory = testKey('mallory');

const ATTACKS: readonly Attack[] = [
  // arbitrary software
  { name: 'unsigned timestamp', act: (evil) => { evil.publish(); evil.tamper('timestamp.json', (json) => { json.signatures = []; }); }, code: 'SIGNATURE_INVALID', message: /'timestamp.json' \(role timestamp, version 4\) is signed by 0 of the keys that may sign it, and 1 is needed; no valid signature of 'timestamp'/ },
  { name: 'timestamp by a key of the attacker', act: (evil) => { evil.signers.set('timestamp', [mallory]); evil.publish(); }, code: 'SIGNATURE_INVALID', message: /signed by 0 .*; 1 of a key that may not sign it/ },
  { name: 'snapshot by the timestamp key', act: (evil) => { evil.signers.set('snapshot', [testKey('timestamp')]); evil.publish(); }, code: 'SIGNATURE_INVALID', message: /'4\.snapshot\.json' \(role snapshot/, stored: ['timestamp.json'] },
  { name: 'targets by snapshot and timestamp keys', act: (evil) => { evil.signers.set('targets', [testKey('snapshot'), testKey('timestamp')]); evil.publish(); }, code: 'SIGNATURE_INVALID', message: /'4\.targets\.json' \(role targets, version 4\).*no valid signature of 'targets'/, stored: ['timestamp.json', 'snapshot.json'] },
  { name: 'one byte of targets changed', act: (evil) => { evil.publish(); evil.tamper('4.targets.json', ({ signed }) => { signed['x-note'] = 'b'; }); }, code: 'METADATA_MISMATCH', message: /'4\.targets\.json' has more than the \d+ bytes/, stored: ['timestamp.json', 'snapshot.json'] },
  { name: 'timestamp with another version, signature kept', act: (evil) => { evil.tamper('timestamp.json', ({ signed }) => { signed.version = 99; }); }, code: 'SIGNATURE_INVALID', message: /version 99\) is signed by 0/ },
  { name: 'a signature under the id of another key', act: (evil) => { evil.publish(); evil.tamper('timestamp.json', (json) => { json.signatures = [{ keyid: testKey('timestamp').id, sig: mallory.sign(Buffer.from('x')) }]; }); }, code: 'SIGNATURE_INVALID', message: /signed by 0/ },
  { name: 'a signature plus the order of the group', act: (evil) => { evil.publish(); evil.tamper('timestamp.json', (json) => { json.signatures = json.signatures.map(({ keyid, sig }) => ({ keyid, sig: malleated(sig) })); }); }, code: 'SIGNATURE_INVALID', message: /signed by 0/ },
  // key compromise
  { name: 'root by one of two keys', act: (evil) => { evil.signers.set('root', [testKey('Ada')]); evil.publishRoot(); onlySignedBy(evil, '2.root.json', ['Ada']); }, code: 'SIGNATURE_INVALID', message: /'2\.root\.json' \(role root, version 2\) is signed by 1 of the keys of the root before that may sign it, and 2 are needed; no valid signature of 'Bob', 'Cyd'/ },
  { name: 'root by one key twice', act: (evil) => { evil.publishRoot(); evil.tamper('2.root.json', (json) => { json.signatures = [...json.signatures.slice(0, 1), ...json.signatures.slice(0, 1)]; }); }, code: 'SIGNATURE_INVALID', message: /has signed it twice/ },
  { name: 'root with one key under two ids', act: (evil) => { const { root } = evil; const [ada] = root.roles.root.keyids; root.keys = { ...root.keys, ['a'.repeat(64)]: testKey('Ada').json }; root.roles.root.keyids = [ada ?? '', 'a'.repeat(64)]; evil.publishRoot(); }, code: 'SIGNATURE_INVALID', message: /is the same as/ },
  { name: 'root to keys of the attacker, by these alone', act: (evil) => { evil.rotate('root', [mallory]); onlySignedBy(evil, '2.root.json', ['mallory']); }, code: 'SIGNATURE_INVALID', message: /signed by 0 of the keys of the root before/ },
  { name: 'root to other keys, by the old ones alone', act: (evil) => { evil.rotate('root', [testKey('Dan')]); onlySignedBy(evil, '2.root.json', ['Ada', 'Bob']); }, code: 'SIGNATURE_INVALID', message: /signed by 0 of its own keys that may sign it, and 1 is needed; no valid signature of 'Dan'/ },
  { name: 'root with a key of small order', act: (evil) => { evil.root.keys['b'.repeat(64)] = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: `01${'00'.repeat(31)}` } }; evil.publishRoot(); }, code: 'SIGNATURE_INVALID', message: /small order/ },
  { name: 'a revoked targets key', act: (evil) => { evil.rotate('targets', [testKey('new targets')]); evil.signers.set('targets', [testKey('targets')]); evil.put('manifest.json', 'evil'); evil.publish(); }, code: 'SIGNATURE_INVALID', message: /no valid signature of 'new targets'; 1 of a key that may not/, stored: ['2.root.json', 'root.json', 'timestamp.json', 'snapshot.json'] },
  { name: 'the key of a branch signs stable', act: (evil) => { evil.signers.set('targets', [testKey('ci')]); evil.put('manifest.json', 'evil'); evil.publish(); }, code: 'SIGNATURE_INVALID', message: /role targets/, stored: ['timestamp.json', 'snapshot.json'] },
  { name: 'the branch by another key', act: (evil) => { evil.signers.set('branch-nightly', [testKey('targets')]); evil.publish(); }, target: 'manifest_nightly.json', code: 'SIGNATURE_INVALID', message: /'3\.branch-nightly\.json' \(role branch-nightly.*no valid signature of 'ci'/, stored: ['timestamp.json', 'snapshot.json', 'targets.json'] },
  { rotated: true, name: 'a delegation of stable', act: (evil) => { evil.delegate('branch-stable', { paths: ['manifest.json', 'releases.json'] }); evil.publish(); }, code: 'METADATA_INVALID', message: /'branch-stable' is none of a branch/, stored: ['timestamp.json', 'snapshot.json'] },
  { rotated: true, name: 'a delegation of all paths', act: (evil) => { evil.delegate('branch-beta', { paths: ['*'] }); evil.publish(); }, code: 'METADATA_INVALID', message: /has to be for 'manifest_beta\.json'/, stored: ['timestamp.json', 'snapshot.json'] },
  // rollback
  { name: 'an older timestamp', act: (evil) => { const old = site2(); put(evil, 'timestamp.json', old.files.get('timestamp.json')); }, code: 'METADATA_ROLLBACK', message: /'timestamp\.json' is version 2, and this device has trusted version 3 already/ },
  { name: 'a newer timestamp of an older snapshot', act: (evil) => { evil.snapshot.version = 1; evil.publish('snapshot'); }, code: 'METADATA_ROLLBACK', message: /names an older snapshot than version 3/ },
  { name: 'a newer snapshot of older targets', act: (evil) => { evil.targets.version = 1; evil.publish('targets'); }, code: 'METADATA_ROLLBACK', message: /'4\.snapshot\.json' names version 2 of 'targets\.json', of which this device has trusted version 3 already/, stored: ['timestamp.json'] },
  { name: 'a newer snapshot of an older branch', act: (evil) => { Object.assign(evil.delegated.get('branch-nightly') ?? {}, { version: 0 }); evil.publish('branch-nightly'); }, code: 'METADATA_ROLLBACK', message: /names version 1 of 'branch-nightly\.json'/, stored: ['timestamp.json'] },
  { name: 'a snapshot that drops a branch', act: (evil) => { Reflect.deleteProperty(evil.snapshot.meta, 'branch-nightly.json'); evil.publish('snapshot'); }, code: 'METADATA_ROLLBACK', message: /does not name 'branch-nightly\.json'/, stored: ['timestamp.json'] },
  { name: 'an old root under the name of the next', act: (evil) => { put(evil, '2.root.json', evil.files.get('1.root.json')); }, code: 'METADATA_ROLLBACK', message: /'2\.root\.json' is version 1, and the root after version 1 is wanted/ },
  { name: 'a root that leaves one out', act: (evil) => { evil.publishRoot(); evil.publishRoot(); put(evil, '2.root.json', evil.files.get('3.root.json')); }, code: 'METADATA_MISMATCH', message: /'2\.root\.json' is version 3/ },
  // indefinite freeze
  { name: 'a timestamp that has expired', act: () => undefined, now: days(15), code: 'METADATA_EXPIRED', message: /'timestamp\.json' \(role timestamp, version 3\) was valid until 2026-11-15 12:00 UTC, and it is 2026-11-16 12:00 UTC now: the source is stale, last known good on 2026-11-15 12:00 UTC/ },
  { name: 'a snapshot that has expired', act: (evil) => { evil.timestamp.expires = '2030-01-01T00:00:00Z'; evil.publish('timestamp'); }, now: days(31), code: 'METADATA_EXPIRED', message: /role snapshot, version 3\) was valid until 2026-12-01/, stored: ['timestamp.json'] },
  { name: 'targets that have expired', act: (evil) => { evil.timestamp.expires = evil.snapshot.expires = '2030-01-01T00:00:00Z'; evil.publish('snapshot'); }, now: days(181), code: 'METADATA_EXPIRED', message: /'3\.targets\.json' \(role targets, version 3\)/, stored: ['timestamp.json', 'snapshot.json'] },
  { name: 'a branch that has expired', act: (evil) => { evil.timestamp.expires = evil.snapshot.expires = evil.targets.expires = '2030-01-01T00:00:00Z'; evil.publish('targets'); }, now: days(181), target: 'manifest_nightly.json', code: 'METADATA_EXPIRED', message: /role branch-nightly/, stored: ['timestamp.json', 'snapshot.json', 'targets.json'] },
  { name: 'a root that has expired', act: () => undefined, now: days(366), code: 'METADATA_EXPIRED', message: /'1\.root\.json' \(role root, version 1\) was valid until 2027-11-01/ },
  { name: 'a timestamp that never expires', act: (evil) => { evil.timestamp.expires = 'never'; evil.publish('timestamp'); }, now: days(1), code: 'METADATA_INVALID', message: /expires/ },
  { name: 'a new root that is withheld, with all that follows from it', act: (evil) => { evil.rotate('timestamp', [testKey('t2')]); evil.files.delete('2.root.json'); }, code: 'SIGNATURE_INVALID', message: /'timestamp\.json'/ },
  // mix and match
  { name: 'the snapshot of another time', act: (evil) => { evil.publish(); put(evil, '4.snapshot.json', evil.files.get('3.snapshot.json')); }, code: 'METADATA_MISMATCH', message: /'4\.snapshot\.json' is not the file that 'timestamp\.json' version 4 names: its sha256 is/, stored: ['timestamp.json'] },
  { name: 'the targets of another time', act: (evil) => { evil.publish(); put(evil, '4.targets.json', evil.files.get('3.targets.json')); }, code: 'METADATA_MISMATCH', message: /'4\.targets\.json' is not the file that the snapshot version 4 names/, stored: ['timestamp.json', 'snapshot.json'] },
  { rotated: true, name: 'the metadata of another branch', act: (evil) => { evil.delegate('branch-beta', { keys: [testKey('ci')] }); evil.publish(); put(evil, '1.branch-beta.json', evil.files.get('3.branch-nightly.json')); }, target: 'manifest_beta.json', code: 'METADATA_MISMATCH', message: /'1\.branch-beta\.json' has more than the \d+ bytes/, stored: ['timestamp.json', 'snapshot.json', 'targets.json'] },
  { name: 'targets in the place of a snapshot', act: (evil) => { evil.publish(); put(evil, '4.snapshot.json', evil.files.get('4.targets.json')); }, code: 'METADATA_MISMATCH', message: /'4\.snapshot\.json' has more/, stored: ['timestamp.json'] },
  { name: 'a timestamp in the place of the next root', act: (evil) => { put(evil, '2.root.json', evil.files.get('timestamp.json')); }, code: 'METADATA_INVALID', message: /'2\.root\.json' is invalid/ },
  { name: 'a snapshot that is not there', act: (evil) => { evil.publish(); evil.files.delete('4.snapshot.json'); }, code: 'METADATA_MISMATCH', message: /'timestamp\.json' version 4 names '4\.snapshot\.json', and the source does not have it/, stored: ['timestamp.json'] },
  { name: 'targets that are not there', act: (evil) => { evil.publish(); evil.files.delete('4.targets.json'); }, code: 'METADATA_MISMATCH', message: /names '4\.targets\.json', and the source does not have it/, stored: ['timestamp.json', 'snapshot.json'] },
  { name: 'a branch that no snapshot names', act: (evil) => { evil.delegate('branch-beta'); evil.publish('targets'); }, target: 'manifest_beta.json', code: 'METADATA_MISMATCH', message: /does not name 'branch-beta\.json', which 'targets' delegates to/, stored: ['timestamp.json', 'snapshot.json', 'targets.json'] },
  // endless data
  { name: 'an endless root', act: (evil) => { put(evil, '2.root.json', Buffer.alloc(64 * 1024 + 1, ' ')); }, code: 'METADATA_INVALID', message: /'2\.root\.json' has more than the 65536 bytes/ },
  { name: 'an endless timestamp', act: (evil) => { put(evil, 'timestamp.json', Buffer.alloc(16 * 1024 + 1, ' ')); }, code: 'METADATA_INVALID', message: /'timestamp\.json' has more than the 16384 bytes/ },
  { name: 'a snapshot that is longer than its timestamp says', act: (evil) => { evil.publish(); put(evil, '4.snapshot.json', Buffer.concat([evil.files.get('4.snapshot.json') ?? Buffer.alloc(0), Buffer.from(' ')])); }, code: 'METADATA_MISMATCH', message: /'4\.snapshot\.json' has more than the \d+ bytes/, stored: ['timestamp.json'] },
  { name: 'targets of which no length is known, without an end', act: (evil) => { evil.publish(); evil.snapshot.meta['targets.json'] = { version: 5 }; evil.publish('snapshot'); put(evil, '5.targets.json', Buffer.alloc(5 * 1024 * 1024 + 1, ' ')); }, code: 'METADATA_INVALID', message: /5242880 bytes/, stored: ['timestamp.json', 'snapshot.json'] },
  // two readers
  { name: 'a member twice', act: (evil) => { const text = (evil.files.get('timestamp.json') ?? '').toString(); put(evil, 'timestamp.json', Buffer.from(text.replace('"version"', '"version": 1, "version"'))); }, code: 'METADATA_INVALID', message: /'version' appears twice/ },
  { name: 'no timestamp', act: (evil) => { evil.files.clear(); }, code: 'SIGNATURE_MISSING', message: /its releases are not signed/ },
  { name: 'a login page in the place of each file', act: (evil) => { for (const name of [...evil.files.keys(), '2.root.json']) evil.files.set(name, Buffer.from('<html>login</html>')); }, code: 'METADATA_INVALID', message: /'2\.root\.json' is not valid JSON/ },
]; // prettier-ignore

/** S + L: the same signature for those who do not look whether it is written in the one way. */
function malleated(sig: string): string {
  const order = (1n << 252n) + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(sig.slice(64), 'hex').reverse().toString('hex')}`) + order;
  return sig.slice(0, 64) + Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
}

function onlySignedBy(repository: TufRepository, name: string, names: readonly string[]): void {
  const { root } = repository;
  put(repository, name, repository.sign(root, names.map(testKey)));
}

/** The same site, one version ago. */
function site2(): TufRepository {
  const repository = tufRepository({ keys: { root: ['Ada', 'Bob', 'Cyd'].map(testKey) }, thresholds: { root: 2 } });
  repository.publish();
  return repository;
}

describe('refused with its name, and repaired by the honest server', () => {
  it.each(ATTACKS)('$name', async ({ act, code, message, target, now = TUF_NOW, stored = [], rotated = false }) => {
    attacks += 1;
    const honest = site();
    const evil = site();
    const { initialRoot } = honest;
    const store = folderStore(`${dir()}/trust`);
    const open = (repository: TufRepository, at: Date) => openMetadata({ initialRoot, store, source: repository.source(), now: at, lastGood: null });
    const first = open(honest, TUF_NOW);
    await first.refresh();
    await first.target('manifest_nightly.json');
    const before = snapshot(dir());

    act(evil);
    const client = open(evil, now);
    const attempt = client.refresh().then(() => (target === undefined ? null : client.target(target)));
    const error: unknown = await attempt.then(() => null, (thrown: unknown) => thrown); // prettier-ignore
    expect(error).toBeInstanceOf(UpdateError);
    expect(error).toMatchObject({ code, message: matching(message), hint: containing(' ') });
    const after = snapshot(dir());
    const changed = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]);
    expect(changed.toSorted()).toEqual(stored.map((name) => `/trust/${name}`).toSorted());

    // The honest server has signed once more, with higher versions where the attacker had keys to raise them.
    for (const signed of [honest.timestamp, honest.snapshot, honest.targets, ...honest.delegated.values()]) signed.version += 10;
    if (stored.includes('2.root.json')) honest.rotate('targets', [testKey('new targets')]);
    if (rotated) honest.rotate('snapshot', [testKey('new snapshot')]);
    honest.publish();
    const again = open(honest, days(1));
    await again.refresh();
    expect(await again.target('manifest.json')).not.toBe(null);
    expect(await again.target('manifest_nightly.json')).not.toBe(null);
  });
});
