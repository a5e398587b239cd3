import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyFingerprint } from '../../../lib/core/trust/fingerprint.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../helpers/tuf-repository.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';
import { matching } from '../../helpers/matchers.ts';

const print = (name: string): string => keyFingerprint(testKey(name).publicHex);
const bare = (text: string): string => text.replaceAll(/ ?\(\d{4}-\d\d-\d\d \d\d:\d\d\)/g, '');

function put(path: string, bytes: Buffer | undefined): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, bytes ?? '');
}

/** A device that trusts a root, and has verified a newer one with all that it names. */
function signedDevice(): CliDevice & { repository: TufRepository } {
  const on = cliDevice();
  const repository = tufRepository();
  repository.delegate('branch-nightly', { keys: [testKey('ci')] });
  repository.publish();
  repository.publishRoot();
  put(on.deps.paths.trustRoot, repository.initialRoot);
  const { trusted } = on.deps.paths;
  put(join(trusted, '2.root.json'), repository.files.get('2.root.json'));
  put(join(trusted, 'root.json'), repository.files.get('2.root.json'));
  for (const role of ['timestamp', 'snapshot', 'targets', 'branch-nightly'])
    put(join(trusted, `${role}.json`), repository.files.get(repository.nameOf(role)));
  return { ...on, repository };
}

describe('trust show', () => {
  it.each(['trust', 'trust show'])('%s says of a device without a root that it verifies nothing, and how to begin', async (line) => {
    const on = cliDevice();
    expect(await on.run(line)).toEqual({
      exit: 0,
      out: 'this device does not verify signatures: releases are checked for damage only, not for who made them\n',
      err: 'hint: get the root.json of your releases and the fingerprint of its key, then: sudo pikit-update trust FILE --fingerprint SHA256:…\n',
    });
    expect(JSON.parse((await on.run(`${line} --json`)).out)).toEqual({ signed: false });
  });

  it('shows every role with its keys, and until when each is valid', async () => {
    const on = signedDevice();
    on.setState({ trust: { root: 2, timestamp: 2, good: '2026-11-20T09:00:00.000Z', until: '2026-12-01T00:00:00.000Z', problem: null } });
    const { exit, out } = await on.run('trust show');
    expect([exit, bare(out)]).toEqual([
      0,
      matching(/^root +version 2, reached from version 1, which you trusted\nroot keys +1 key, expires in 346 days\n +SHA256:\S+ {2}root\n/),
    ]);
    for (const [role, key] of [
      ['targets', 'targets'],
      ['snapshot', 'snapshot'],
      ['timestamp', 'timestamp'],
      ['branch nightly', 'ci'],
    ] as const)
      expect(bare(out)).toMatch(new RegExp(`^${role} +1 key, expire[sd] [a-z0-9 ]+\\n +${print(key).replaceAll('+', '\\+')} {2}${key}$`, 'm'));
    expect(bare(out)).toMatch(/^signatures +verified 3 hours ago; they expire in 10 days$/m);
  });

  it('says what is wrong with the signatures of the source', async () => {
    const on = signedDevice();
    const problem = { code: 'METADATA_ROLLBACK', message: 'version 11, and 12 was trusted', hint: 'try again later' };
    on.setState({ trust: { root: 2, timestamp: 12, good: '2026-11-20T09:00:00.000Z', until: null, problem } });
    expect(bare((await on.run('trust')).out)).toMatch(
      /^signatures +not valid: the source has older signatures than this device has seen\n +nothing was installed, and what is installed stays; last known good 3 hours ago\n +version 11, and 12 was trusted\n +hint: try again later$/m,
    );
    expect(JSON.parse((await on.run('trust show --json')).out)).toMatchObject({
      signed: true,
      root: { given: 1, newest: 2 },
      complete: true,
      problem,
    });
  });

  it('shows others than root what the owner gave, and that there may be more', async () => {
    const on = signedDevice();
    const { exit, out, err } = await asAnotherUser(on.root, () => on.run('trust show'));
    expect([exit, err]).toEqual([0, 'hint: only root can see what was verified since: sudo pikit-update trust show\n']);
    expect(out).toMatch(/^root +version 1\n/);
  });

  it.each<[name: string, damage: (on: CliDevice) => void]>([
    [
      'is damaged',
      ({ deps }) => {
        fs.writeFileSync(deps.paths.trustRoot, 'damaged');
      },
    ],
    [
      'is gone',
      ({ deps }) => {
        fs.rmSync(deps.paths.trustRoot);
      },
    ],
    [
      'is a link',
      ({ deps }) => {
        fs.rmSync(deps.paths.trustRoot);
        fs.symlinkSync('/etc/passwd', deps.paths.trustRoot);
      },
    ],
  ])('is an error with the way out where the root %s', async (_name, damage) => {
    const on = signedDevice();
    damage(on);
    const { exit, err } = await on.run('trust show');
    expect([exit, err]).toEqual([1, matching(/\nhint: .*`sudo pikit-update trust (?:reset|FILE)`/)]);
  });
});
