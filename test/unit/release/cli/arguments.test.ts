import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseReleaseCommand } from '../../../../lib/release/cli/arguments.ts';
import { matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
beforeEach(() => {
  base = folderOfTest('arguments');
});
const now = new Date('2026-11-22T00:00:00Z');
const parse = (line: string, env: Record<string, string> = {}, more: readonly string[] = []): ReturnType<typeof parseReleaseCommand> =>
  parseReleaseCommand([...(line === '' ? [] : line.split(' ')), ...more], { env, now });
const NO_KEYS = { keys: null, fd: null, command: null };
const NEW_KEYS = { keys: NO_KEYS, isEncrypted: true, days: new Map(), team: { files: [], threshold: 1 } };

describe('parseCommand', () => {
  it('reads a short build', () => {
    expect(parse('build --site s --from t --version 1.0.0')).toEqual({
      name: 'build',
      json: false,
      keys: NO_KEYS,
      options: {
        site: 's',
        from: 't',
        version: '1.0.0',
        branch: 'stable',
        notes: '',
        changelog: '',
        rolloutPercent: null,
        restart: [],
        run: [],
        config: [],
        minVersion: null,
        arch: [],
        include: [],
        released: now,
      },
    });
  });

  it('reads every option of a build', () => {
    fs.writeFileSync(join(base, 'notes'), 'grüße\n');
    const line = `build --json --site s --from t --version 1.0.0 --branch beta --notes-file ${join(base, 'notes')} --changelog https://example.org/c --rollout 12.5 --restart a --restart b.service --config c --config d --min-version 0.9.0 --arch arm64 --arch arm --include .htpasswd --include *.pem --keys k --key-fd 3`;
    expect(parse(line, { SOURCE_DATE_EPOCH: '1000000000' }, ['--sign-with', 'agent -s', '--run', ' helpers/x  --to 2'])).toEqual({
      name: 'build',
      json: true,
      keys: { keys: 'k', fd: 3, command: 'agent -s' },
      options: {
        site: 's',
        from: 't',
        version: '1.0.0',
        branch: 'beta',
        notes: 'grüße\n',
        changelog: 'https://example.org/c',
        rolloutPercent: 12.5,
        restart: ['a', 'b.service'],
        run: [['helpers/x', '--to', '2']],
        config: ['c', 'd'],
        minVersion: '0.9.0',
        arch: ['arm64', 'arm'],
        include: ['.htpasswd', '*.pem'],
        released: new Date('2001-09-09T01:46:40Z'),
      },
    });
  });

  it.each([
    ['init --site s --unsigned', { name: 'init', site: 's', unsigned: true, json: false, from: null, ...NEW_KEYS }],
    ['init --site s', { name: 'init', site: 's', unsigned: false, json: false, from: null, ...NEW_KEYS }],
    [
      'init --site s --from /srv/p',
      { name: 'init', site: 's', unsigned: false, json: false, from: { from: '/srv/p', token: null, trusted: null }, ...NEW_KEYS },
    ],
    [
      'init --site s --key a.pem --key b.pem --threshold 2',
      { name: 'init', site: 's', unsigned: false, json: false, from: null, ...NEW_KEYS, team: { files: ['a.pem', 'b.pem'], threshold: 2 } },
    ],
    ['verify --json --site=s', { name: 'verify', site: 's', json: true, asDevice: null }],
    [
      'promote 1.0.0 --site s --from beta --to stable --rollout 5 --json',
      {
        name: 'promote',
        json: true,
        keys: NO_KEYS,
        options: { site: 's', version: '1.0.0', from: 'beta', to: 'stable', rolloutPercent: 5, released: now },
      },
    ],
    ['branch list --site s', { name: 'branch', json: false, site: 's', keys: NO_KEYS, command: { verb: 'list' } }],
    ['promote --help', { name: 'help', of: 'promote', group: null }],
    ['branch --help', { name: 'help', of: null, group: 'branch' }],
    ['--help', { name: 'help', of: null, group: null }],
    ['build -h', { name: 'help', of: 'build', group: null }],
    ['verify --nonsense --help', { name: 'help', of: 'verify', group: null }],
    ['--version', { name: 'version' }],
  ])('reads: %s', (line, command) => {
    expect(parse(line)).toEqual(command);
  });

  it.each([
    ['', /no command/],
    ['frobnicate', /unknown command 'frobnicate'/],
    ['brnach list --site s', /unknown command 'brnach'/],
    ['--json verify --site s', /'--json' stands before the command/],
    ['verify', /--site is missing/],
    ['verify --site', /argument missing/],
    ['verify --site=', /--site is missing/],
    ['verify --site s extra', /'extra' is one argument too many/],
    ['verify --site s --deep', /unknown option '--deep'/],
    ['build --site s --version 1.0.0', /--from is missing/],
    ['build --site s --from t', /--version is missing/],
    ['build --site s --from t --version 1.0.0 --branch Beta', /--branch 'Beta' is not a valid branch name/],
    ['build --site s --from t --version 1.0.0 --branch ../x', /--branch '\.\.\/x'/],
    ['build --site s --from t --version 1.0.0 --rollout 101', /--rollout '101'/],
    ['promote --site s --from beta --to stable', /version to promote is missing/],
    ['promote 1.0.0 1.1.0 --site s --from beta --to stable', /'1\.1\.0' is one argument too many/],
    ['promote 1.0.0 --from beta --to stable', /--site is missing/],
    ['promote 1.0.0 --site s --to stable', /--from is missing/],
    ['promote 1.0.0 --site s --from beta', /--to is missing/],
    ['promote 1.0.0 --site s --from beta --to beta', /--from and --to are both 'beta'/],
    ['promote 1.0.0 --site s --from beta --to a/b', /--to 'a\/b'/],
    ['promote 1.0.0 --site s --from beta --to stable --rollout x', /--rollout 'x'/],
    ['build --site s --from t --version 1.0.0 --rollout=-1', /--rollout '-1'/],
    ['build --site s --from t --version 1.0.0 --rollout half', /--rollout 'half'/],
    ['build --site s --from t --version 1.0.0 --changelog javascript:alert(1)', /--changelog 'javascript/],
    ['build --site s --from t --version 1.0.0 --changelog https://me:secret@example.org/', /--changelog has a user name or password in it/],
    ['build --site s --from t --version 1.0.0 --changelog https://example.org/?token=secret', /--changelog has 'token' in its query/],
    ['build --site s --from t --version 1.0.0 --arch arm46', /--arch 'arm46' is no architecture that devices know/],
    ['build --site s --site u --from t --version 1.0.0', /--site is given twice/],
    ['build --site s --from t --version 1.0.0 --restart ../x', /--restart '\.\.\/x'/],
    ['build --site s --from t --version 1.0.0 --restart=-H', /--restart '-H'/],
  ])('refuses: %s', (line, says) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: 'USAGE', message: matching(says) }));
  });

  it('says which architecture was probably meant', () => {
    const hint = matching("^did you mean 'arm64'\\? allowed: arm64, arm, ");
    expect(() => parse('build --site s --from t --version 1.0.0 --arch arm46')).toThrow(expect.objectContaining({ hint }));
  });

  it.each(['yesterday', '-1', '1.5'])('refuses SOURCE_DATE_EPOCH=%s', (epoch) => {
    expect(() => parse('build --site s --from t --version 1.0.0', { SOURCE_DATE_EPOCH: epoch })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it.each<[string, string | Buffer | null, RegExp]>([
    ['missing', null, /cannot be read/],
    ['too-long', 'x'.repeat(65_537), /65537 bytes, 65536/],
    ['not-utf-8', Buffer.from([0xff]), /not UTF-8/],
  ])('refuses notes that are %s', (_name, content, says) => {
    if (content !== null) fs.writeFileSync(join(base, 'notes'), content);
    expect(() => parse(`build --site s --from t --version 1.0.0 --notes-file ${join(base, 'notes')}`)).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', message: matching(says) }),
    );
  });
});
