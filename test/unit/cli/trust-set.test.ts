import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { keyFingerprint } from '../../../lib/core/trust/fingerprint.ts';
import { takeLock } from '../../../lib/io/state/lock.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import type { RepositoryOptions, TufRepository } from '../../helpers/tuf-repository.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';
import { matching } from '../../helpers/matchers.ts';

const [ADA, GRACE, MALLORY] = [testKey('ada'), testKey('grace'), testKey('mallory')];
const print = (name: string): string => keyFingerprint(testKey(name).publicHex);

interface Bed extends CliDevice {
  repository: TufRepository;
  /** The file that is given. */
  file: string;
  give: (bytes: Buffer | string) => void;
  /** What is trusted. */
  trusted: () => Buffer | null;
}

function bed(options: RepositoryOptions = {}): Bed {
  const device = cliDevice();
  const repository = tufRepository({ keys: { root: [ADA] }, ...options });
  const file = join(device.root, 'root.json');
  const give = (bytes: Buffer | string): void => {
    fs.writeFileSync(file, bytes);
  };
  give(repository.initialRoot);
  const { trustRoot } = device.deps.paths;
  return { ...device, repository, file, give, trusted: () => (fs.existsSync(trustRoot) ? fs.readFileSync(trustRoot) : null) };
}

/** Answers the question, and keeps what was asked. */
function answering(on: Bed, answer: boolean): string[] {
  const asked: string[] = [];
  on.deps.ask = (question) => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return asked;
}

describe('trust FILE', () => {
  it('shows the root with its keys, asks once, and trusts it', async () => {
    const on = bed({ keys: { root: [ADA, GRACE] }, thresholds: { root: 2 } });
    const asked = answering(on, true);
    const { exit, out } = await on.run(`trust ${on.file}`);
    expect(exit).toBe(0);
    expect(out.replaceAll(/\(\d{4}-\d\d-\d\d \d\d:\d\d\)/g, '(WHEN)')).toBe(
      `root       version 1, expires in 346 days (WHEN)
signed by  2 of 2 keys
           ${print('ada')}  ada
           ${print('grace')}  grace
targets    1 key
           ${print('targets')}  targets
snapshot   1 key
           ${print('snapshot')}  snapshot
timestamp  1 key
           ${print('timestamp')}  timestamp
this device trusts root 1 now ('ROOT/etc/pikit/trust/root.json'), and installs only releases that its keys stand for
`,
    );
    expect(asked).toEqual([matching(/^Trust this root from now on\? Compare the fingerprints .* \[y\/N\] $/)]);
    expect(on.trusted()).toEqual(on.repository.initialRoot);
    const modeOf = (path: string): number => fs.statSync(join(on.root, path)).mode & 0o7777;
    expect([modeOf('etc/pikit/trust'), modeOf('etc/pikit/trust/root.json')]).toEqual([0o755, 0o644]);
    expect(fs.readdirSync(join(on.root, 'etc/pikit/trust'))).toEqual(['root.json']);
  });

  it('makes files that the network steps can read, whatever the umask says', async () => {
    const on = bed();
    const before = process.umask(0o077);
    try {
      expect((await on.run(`trust ${on.file} --yes`)).exit).toBe(0);
    } finally {
      process.umask(before);
    }
    const modeOf = (path: string): number => fs.statSync(join(on.root, path)).mode & 0o7777;
    expect([modeOf('etc/pikit/trust'), modeOf('etc/pikit/trust/root.json')]).toEqual([0o755, 0o644]);
  });

  it('takes no for an answer, and changes nothing', async () => {
    const on = bed();
    answering(on, false);
    expect(await on.run(`trust ${on.file}`)).toMatchObject({ exit: 1, out: matching(/\nnothing was changed\n$/), err: '' });
    expect(on.trusted()).toBe(null);
  });

  it('asks nothing in a pipe, and trusts nothing there without a fingerprint or --yes', async () => {
    const on = bed();
    const { exit, out, err } = await on.run(`trust ${on.file}`);
    expect([exit, err]).toEqual([
      2,
      'error: this asks you first, and there is no terminal to answer on\nhint: give the fingerprints of its keys (--fingerprint SHA256:…), or --yes to take it as it is; nothing was changed\n',
    ]);
    expect(out).toContain(print('ada'));
    expect(on.trusted()).toBe(null);
    answering(on, true);
    // Neither does JSON, on a terminal or not.
    expect((await on.run(`trust ${on.file} --json`)).exit).toBe(2);
    expect((await on.run(`trust ${on.file} --yes`)).exit).toBe(0);
    expect(on.trusted()).toEqual(on.repository.initialRoot);
  });

  it('tells programs what it trusts now', async () => {
    const on = bed();
    const { out } = await on.run(`trust ${on.file} --yes --json`);
    expect(JSON.parse(out)).toMatchObject({
      changed: true,
      before: null,
      root: { version: 1, roles: [{ role: 'root', threshold: 1, keys: [{ fingerprint: print('ada'), name: 'ada', signed: true }] }, {}, {}, {}] },
    });
  });

  it('says so when it is trusted already, and asks nothing', async () => {
    const on = bed();
    await on.run(`trust ${on.file} --yes`);
    expect(await on.run(`trust ${on.file}`)).toMatchObject({ exit: 0, out: matching(/\nthis device trusts this root already\n$/) });
  });

  it('reads standard input, and cannot ask then', async () => {
    const on = bed();
    answering(on, true);
    on.deps.readInput = () => Promise.resolve(on.repository.initialRoot);
    expect((await on.run('trust -')).exit).toBe(2);
    expect((await on.run(`trust - --fingerprint ${print('ada')}`)).exit).toBe(0);
    expect(on.trusted()).toEqual(on.repository.initialRoot);
  });
});

describe('a fingerprint', () => {
  it('in any form is an answer: nothing is asked', async () => {
    const on = bed();
    const asked = answering(on, false);
    const hex = Buffer.from(print('ada').slice('SHA256:'.length), 'base64').toString('hex');
    expect((await on.run(`trust ${on.file} --fingerprint ${hex}`)).exit).toBe(0);
    expect([asked, on.trusted()]).toEqual([[], on.repository.initialRoot]);
  });

  it('of another key is refused, and both are shown', async () => {
    const on = bed();
    expect(await on.run(`trust ${on.file} --fingerprint ${print('mallory')} --yes`)).toMatchObject({
      exit: 1,
      err: `error: this root is not of the key ${print('mallory')}: its keys are ${print('ada')} (ada)\nhint: nothing was changed; do not trust this root: get it, or the fingerprint, again from the maker of the releases\n`,
    });
    expect(on.trusted()).toBe(null);
  });

  it('has to be given for as many keys as the root needs', async () => {
    const on = bed({ keys: { root: [ADA, GRACE, testKey('joan')] }, thresholds: { root: 2 } });
    const one = `trust ${on.file} --fingerprint ${print('ada')}`;
    expect(await on.run(one)).toMatchObject({ exit: 2, err: matching(/^error: this root needs 2 keys, and 1 fingerprint is given\n/) });
    // The same one twice is one.
    expect((await on.run(`${one} --fingerprint ${print('ada')}`)).exit).toBe(2);
    expect(on.trusted()).toBe(null);
    expect((await on.run(`${one} --fingerprint ${print('joan')}`)).exit).toBe(0);
  });

  it('proves nothing for a key that is only named in the root, and has not signed it', async () => {
    const on = bed({ keys: { root: [MALLORY, ADA] } });
    on.repository.signers.set('root', [MALLORY]);
    on.give(on.repository.sign(on.repository.root, [MALLORY]));
    const { exit, err } = await on.run(`trust ${on.file} --fingerprint ${print('ada')}`);
    expect([exit, err]).toEqual([1, matching(/^error: the key SHA256:\S+ is named in this root, and has not signed it: its keys are /)]);
    expect(on.trusted()).toBe(null);
  });
});

describe('what is no root to be trusted', () => {
  it.each<[name: string, bytes: (on: Bed) => Buffer | string, code: RegExp]>([
    ['text', () => 'no JSON', /is not valid JSON/],
    ['nothing', () => '', /is not valid JSON/],
    ['another document', () => '{"signed": {}, "signatures": []}', /is invalid/],
    ['a root that is cut off', (on) => on.repository.initialRoot.subarray(0, 500), /is not valid JSON/],
    ['a timestamp', (on) => on.repository.files.get('timestamp.json') ?? '', /is invalid/],
    ['more than 64 KiB', () => ' '.repeat(64 * 1024 + 1), /has 65537 bytes, 65536 are allowed/],
    ['one that is not signed', (on) => on.repository.sign(on.repository.root, []), /is signed by 0 of its own keys, and needs 1/],
    ['one that a stranger has signed', (on) => on.repository.sign(on.repository.root, [MALLORY]), /is signed by 0 of its own keys, and needs 1/],
    [
      'one with other bytes than were signed',
      (on) => on.repository.initialRoot.toString().replace(/"expires": "2027/, '"expires": "2037'),
      /is signed by 0 of its own keys/,
    ],
    [
      'one with a key that anyone can sign with',
      (on) => {
        const weak = { ...ADA.json, keyval: { public: `01${'0'.repeat(62)}` } };
        return on.repository.sign({ ...on.repository.root, keys: { ...on.repository.root.keys, [ADA.id]: weak } }, [ADA]);
      },
      /cannot be used: it is a point of small order/,
    ],
  ])('%s', async (_name, bytes, message) => {
    const on = bed();
    on.give(bytes(on));
    const { exit, err } = await on.run(`trust ${on.file} --yes`);
    expect([exit, err]).toEqual([1, matching(message)]);
    expect(err).toMatch(/\nhint: ./);
    expect(on.trusted()).toBe(null);
  });

  it('one that has expired, and says when', async () => {
    const on = bed();
    on.repository.expire('root', new Date('2026-11-19T00:00:00Z'));
    on.give(on.repository.files.get('root.json') ?? '');
    expect(await on.run(`trust ${on.file} --yes`)).toMatchObject({
      exit: 1,
      err: matching(/^error: root 2 was valid until 2026-11-19T00:00:00\.000Z, and it is 2026-11-20T12:00:00\.000Z now\nhint: get the newest root/),
    });
    expect(on.trusted()).toBe(null);
  });

  it('a file that is not there, a folder', async () => {
    const on = bed();
    expect(await on.run(`trust ${on.root}/none.json`)).toMatchObject({
      exit: 1,
      err: matching(/^error: 'ROOT\/none\.json' does not exist\n/),
    });
    expect(await on.run(`trust ${on.root}`)).toMatchObject({ exit: 1, err: matching(/^error: 'ROOT' is a directory\n/) });
  });
});

describe('where a root is trusted already', () => {
  it('a newer one that its keys have signed takes its place, and it is said', async () => {
    const on = bed();
    await on.run(`trust ${on.file} --yes`);
    on.repository.rotate('root', [GRACE]);
    on.give(on.repository.files.get('root.json') ?? '');
    const { exit, out } = await on.run(`trust ${on.file} --yes`);
    expect([exit, out]).toEqual([0, matching(/\nthis device trusts root 2 now, which the keys of root 1 have signed\n$/)]);
    expect(on.trusted()).toEqual(on.repository.files.get('2.root.json'));
  });

  it('one that strangers have signed is refused, with the way out', async () => {
    const on = bed();
    await on.run(`trust ${on.file} --yes`);
    const other = tufRepository({ keys: { root: [MALLORY] } });
    other.publishRoot();
    on.give(other.files.get('root.json') ?? '');
    const { exit, err } = await on.run(`trust ${on.file} --yes`);
    expect([exit, err]).toEqual([
      1,
      matching(/^error: root 2 is not signed by the keys of root 1, which this device trusts\nhint: .*`sudo pikit-update trust reset`/),
    ]);
    expect(on.trusted()).toEqual(on.repository.initialRoot);
  });

  it('one that leads on from what was verified since is taken, although the keys of the first are gone', async () => {
    const on = bed();
    await on.run(`trust ${on.file} --yes`);
    on.repository.rotate('root', [GRACE]);
    const verified = on.repository.files.get('2.root.json') ?? '';
    on.repository.rotate('root', [testKey('joan')]);
    on.give(on.repository.files.get('3.root.json') ?? '');
    expect((await on.run(`trust ${on.file} --yes`)).exit).toBe(1);
    fs.mkdirSync(on.deps.paths.trusted, { recursive: true });
    fs.writeFileSync(join(on.deps.paths.trusted, '2.root.json'), verified);
    expect((await on.run(`trust ${on.file} --yes`)).exit).toBe(0);
  });

  it('an older one, and another one of the same version, are refused', async () => {
    const on = bed();
    const old = on.repository.initialRoot;
    on.repository.publishRoot();
    on.give(on.repository.files.get('2.root.json') ?? '');
    await on.run(`trust ${on.file} --yes`);
    on.give(old);
    expect(await on.run(`trust ${on.file} --yes`)).toMatchObject({
      exit: 1,
      err: matching(/^error: this device trusts root 2 already, and this one is root 1\nhint: .*trust reset/),
    });
    on.give(on.repository.sign({ ...on.repository.root, 'x-other': 1 }, [ADA]));
    expect(await on.run(`trust ${on.file} --yes`)).toMatchObject({ exit: 1, err: matching(/and its root 2 is another one\n/) });
    expect(on.trusted()).toEqual(on.repository.files.get('2.root.json'));
  });

  it('and is damaged, no other is taken before it is removed', async () => {
    const on = bed();
    fs.mkdirSync(join(on.root, 'etc/pikit/trust'));
    fs.writeFileSync(on.deps.paths.trustRoot, 'damaged');
    const { exit, err } = await on.run(`trust ${on.file} --yes`);
    expect([exit, err]).toEqual([1, matching(/\nhint: `sudo pikit-update trust reset` removes it/)]);
    expect(on.trusted()?.toString()).toBe('damaged');
  });
});

describe('trust --from-source', () => {
  it('says plainly what that is worth without a fingerprint, and asks', async () => {
    const on = bed();
    const asked = answering(on, true);
    on.deps.requestRoot = () => Promise.resolve({ bytes: on.repository.initialRoot, place: 'https://updates.example.org/tuf/root.json' });
    const { exit, err } = await on.run('trust --from-source');
    expect([exit, err.split('\n')[0]]).toEqual([
      0,
      'warning: this is what the source says now: without a fingerprint that reached you in another way, you trust the network this once',
    ]);
    expect(asked).toHaveLength(1);
    expect(on.trusted()).toEqual(on.repository.initialRoot);
  });

  it('with one says nothing of that', async () => {
    const on = bed();
    on.deps.requestRoot = () => Promise.resolve({ bytes: on.repository.initialRoot, place: 'https://updates.example.org/tuf/root.json' });
    const { exit, err } = await on.run(`trust --from-source --fingerprint ${print('ada')}`);
    expect([exit, err]).toEqual([0, matching(/^(?!warning)/)]);
  });

  it('of a source that signs nothing is an error', async () => {
    const on = bed();
    on.deps.requestRoot = () => Promise.reject(new UpdateError('SIGNATURE_MISSING', 'it signs nothing', { hint: 'ask' }));
    expect(await on.run('trust --from-source --yes')).toEqual({ exit: 1, out: '', err: 'error: it signs nothing\nhint: ask\n' });
  });
});

describe('who may not', () => {
  it('others than root: before anything is read or asked', async () => {
    const on = bed();
    const asked = answering(on, true);
    const { exit, out, err } = await asAnotherUser(on.root, () => on.run(`trust ${on.file}`));
    expect([exit, out, err]).toEqual([1, '', 'error: only root can change which root this device trusts\nhint: sudo pikit-update trust …\n']);
    expect(asked).toEqual([]);
  });

  it('anyone, while a step runs for longer than it waits: nothing is changed', async () => {
    const on = bed();
    const release = await takeLock(on.deps.paths.lock, { waitMs: 0, signal: new AbortController().signal, onWait: () => undefined });
    on.deps.ask = () => {
      on.interrupt();
      return Promise.resolve(true);
    };
    expect(await on.run(`trust ${on.file}`)).toMatchObject({
      exit: 1,
      err: matching(/^error: cancelled while another step was running\n/),
    });
    expect(on.trusted()).toBe(null);
    release();
  });

  it('a folder that other users may write to holds nothing to trust', async () => {
    const on = bed();
    const dir = join(on.root, 'etc/pikit/trust');
    fs.mkdirSync(dir);
    fs.chmodSync(dir, 0o777);
    expect(await on.run(`trust ${on.file} --yes`)).toMatchObject({
      exit: 1,
      err: matching(/^error: 'ROOT\/etc\/pikit\/trust' is world-writable/),
    });
    expect(fs.readdirSync(dir)).toEqual([]);
  });
});
