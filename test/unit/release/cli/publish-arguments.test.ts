import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePublish } from '../../../../lib/release/cli/publish-arguments.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const parse = (line: string, env: Record<string, string> = {}) => parsePublish(line.replaceAll('DIR', dir()).split(' '), env);

describe('parsePublish', () => {
  it('reads a folder, and has no use for a token then', () => {
    expect(parse('--site s --to /media/usb', { PIKIT_RELEASE_TOKEN: 'secret' })).toEqual({
      json: false,
      options: { site: 's', to: '/media/usb', branches: [], token: null, verify: false },
    });
  });

  it('reads a repository, branches, and a token from the environment', () => {
    expect(parse('--site s --to gitea:https://x.org/o/r --branch stable --branch beta --verify --json', { PIKIT_RELEASE_TOKEN: 'secret\n' })).toEqual(
      {
        json: true,
        options: { site: 's', to: 'gitea:https://x.org/o/r', branches: ['stable', 'beta'], token: 'secret', verify: true },
      },
    );
    expect(parse('--site s --to gitea:https://x.org/o/r').options.token).toBeNull();
  });

  it('reads a token from a file, before that of the environment', () => {
    fs.writeFileSync(join(dir(), 'token'), 'from-file\n');
    expect(parse('--site s --to gitea:https://x.org/o/r --token-file DIR/token', { PIKIT_RELEASE_TOKEN: 'x' }).options.token).toBe('from-file');
  });

  it.each([
    ['--to x', 'USAGE', '--site is missing'],
    ['--site s', 'USAGE', '--to is missing'],
    ['--site s --to https://x.org/o/r', 'USAGE', 'a folder, or gitea:'],
    ['--site s --to sftp://x.org/', 'USAGE', 'a folder, or gitea:'],
    ['--site s --to gitea:https://secret@x.org/o/r', 'USAGE', '^--to must not have a token or password in it$'],
    ['--site s --to d --branch ../x', 'USAGE', "'../x' is not a valid branch name"],
    ['--site s --to gitea:https://x.org/o/r --token-file DIR/none', 'INPUT_REFUSED', 'cannot be read'],
    ['--site s --to gitea:https://x.org/o/r --token-file /dev/null', 'INPUT_REFUSED', 'is empty'],
  ])('refuses %s', (line, code, message) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code, message: matching(message) }));
  });

  it('does not take a token on the command line, and does not show one that is none', () => {
    expect(() => parse('--site s --to d --token secret')).toThrow(/--token/);
    expect(() => parse('--site s --to gitea:https://x.org/o/r', { PIKIT_RELEASE_TOKEN: 'sec ret' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: 'PIKIT_RELEASE_TOKEN does not hold a token' }),
    );
  });
});
