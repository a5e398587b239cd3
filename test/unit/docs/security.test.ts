/** docs/security.md does what it says: its commands are run, one after the other, in one folder, by the programs that are shipped. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HIDDEN_FROM_HOOKS } from '../../../lib/core/device/hook-places.ts';
import { removeDir, tempDir, writeTree } from '../../helpers/tree.ts';

const PAGE = fs.readFileSync('docs/security.md', 'utf8');
const DIST = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist');

/** Each command with its line, in the order of the page. */
const COMMANDS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((match) => {
  const first = PAGE.slice(0, match.index).split('\n').length + 1;
  return (match[1] ?? '')
    .trim()
    .split('\n')
    .map((command, n) => ({ command, line: first + n }));
});

describe('docs/security.md', () => {
  let dir = '';
  beforeAll(() => {
    dir = tempDir();
    for (const name of ['pikit-release', 'pikit-update'])
      writeTree(join(dir, 'bin'), { [name]: { text: `#!/bin/sh\nexec '${process.execPath}' '${DIST}/${name}.js' "$@"\n`, mode: 0o755 } });
    writeTree(join(dir, 'work'), { 'release/pikit-web/index.html': { text: 'hello\n', mode: 0o644 } });
    fs.mkdirSync(join(dir, 'work/stick'));
    writeTree(join(dir, 'device'), {
      '/etc/pikit/update.toml': `[source]\ntype = "static"\nurl = "file://${join(dir, 'work/www')}"\n[services]\nmanager = "none"\n[health]\nsettle = "0s"\n`,
    });
  });
  afterAll(() => {
    removeDir(dir);
  });

  const run = (command: string): { status: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', command], {
      cwd: join(dir, 'work'),
      encoding: 'utf8',
      env: {
        PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
        HOME: dir,
        PIKIT_KEY_PASSPHRASE: 'correct horse',
        PIKIT_ROOT: join(dir, 'device'),
      },
    });
    return { status, text: stdout + stderr };
  };
  /** Those of root first, as a person reads them from `key list`. */
  const fingerprints = (): string[] => run('pikit-release key list --site site').text.match(/SHA256:[A-Za-z0-9+/]{43}/g) ?? [];

  it.each(COMMANDS)('line $line: $command', ({ command }) => {
    const known = command.includes('SHA256:…') ? fingerprints() : [];
    const { status, text } = run(command.replaceAll('SHA256:…', () => known.shift() ?? ''));
    expect(status, text).toBe(0);
  });

  it('has all commands', () => {
    expect(COMMANDS.length).toBeGreaterThan(40);
  });

  it('names every place that commands of a release do not see', () => {
    const said = PAGE.replace(
      'the state, cache and backups of the updater',
      '/var/lib/pikit /var/lib/pikit-update /var/cache/pikit-update /var/backups',
    );
    for (const place of HIDDEN_FROM_HOOKS) expect(said).toContain(place.replace(/-$/, '').replace('gshadow', 'shadow'));
  });
});
