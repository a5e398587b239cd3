import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { Manifest } from '../../../lib/core/release/manifest.ts';
import { commandsToKeep, runPostInstall } from '../../../lib/steps/post-install.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import type { Device } from '../../helpers/device.ts';
import { device, rootDeps } from '../../helpers/device.ts';
import { writeTree } from '../../helpers/tree.ts';

function manifestWith(actions: readonly unknown[]): Manifest {
  return Manifest.parse({ version: '1.0.0', changelog: '', files: [{ path: 'helpers/tool', sha256: sha256('') }], post_install: actions });
}

function deviceWith(script: string, timeout = '60s'): Device {
  const on = device({ toml: `[post_install]\nallow_unsigned = true\ntimeout = "${timeout}"\n` });
  writeTree(on.root, { '/usr/local/bin/tool': { text: `#!/bin/sh\n${script}\n`, mode: 0o755 } });
  return on;
}

describe('runPostInstall', () => {
  it('returns the units to restart, in order', async () => {
    const on = deviceWith('');
    const deps = rootDeps(on);
    expect(await runPostInstall(deps, deps.loadConfig(), manifestWith(['pikit-api', { restart: 'x.timer' }]), [])).toEqual([
      'pikit-api.service',
      'x.timer',
    ]);
    expect(deps.said).toEqual([]);
  });

  it('runs the installed file with its arguments, as they are', async () => {
    const on = deviceWith(`printf '%s|' "$@" >"$(dirname "$0")/said"`);
    const deps = rootDeps(on);
    const args = ['--to', '2', '$(touch /tmp/never)', "a'b", 'c d', '*', ''];
    expect(await runPostInstall(deps, deps.loadConfig(), manifestWith([{ run: ['helpers/tool', ...args] }]), [])).toEqual([]);
    expect(on.read('/usr/local/bin/said')).toBe(args.map((arg) => `${arg}|`).join(''));
    expect(deps.said).toEqual(["info: ran 'helpers/tool' of the release"]);
  });

  it('fails with what the command wrote', async () => {
    const deps = rootDeps(deviceWith('echo one; echo two >&2; exit 3'));
    await expect(runPostInstall(deps, deps.loadConfig(), manifestWith([{ run: ['helpers/tool'] }]), [])).rejects.toMatchObject({
      code: 'POST_INSTALL_FAILED',
      message: "'helpers/tool' of the release ended with exit code 3",
      subject: 'helpers/tool',
      lines: ['one', 'two'],
    });
  });

  it('keeps the last twenty lines of each that has done its work', async () => {
    const deps = rootDeps(deviceWith('seq "$1"; test "$1" != 30'));
    const ran: Parameters<typeof runPostInstall>[3] = [];
    const run = (count: string): object => ({ run: ['helpers/tool', count, "it's"] });
    await expect(runPostInstall(deps, deps.loadConfig(), manifestWith([run('25'), run('2'), run('30')]), ran)).rejects.toMatchObject({
      code: 'POST_INSTALL_FAILED',
    });
    expect(ran).toEqual([
      { command: "helpers/tool 25 'it'\\''s'", lines: Array.from({ length: 20 }, (_each, at) => String(at + 6)) },
      { command: "helpers/tool 2 'it'\\''s'", lines: ['1', '2'] },
    ]);
  });

  it('takes a command that does not end for a failure of the release', async () => {
    const deps = rootDeps(deviceWith('exec sleep 1000', '100ms'));
    await expect(runPostInstall(deps, deps.loadConfig(), manifestWith([{ run: ['helpers/tool'] }]), [])).rejects.toMatchObject({
      code: 'POST_INSTALL_FAILED',
      message: "'helpers/tool' of the release was still running after 0.1 s",
      subject: 'helpers/tool',
    });
  });

  it('does not blame the release when it is stopped', async () => {
    const stop = new AbortController();
    const on = deviceWith('exec sleep 1000');
    const deps = rootDeps(on, {
      signal: stop.signal,
      report: () => {
        setImmediate(() => {
          stop.abort();
        });
      },
    });
    await expect(runPostInstall(deps, deps.loadConfig(), manifestWith([{ run: ['helpers/tool'] }]), [])).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('passes other failures on', async () => {
    const deps = rootDeps(deviceWith(''), { execute: () => () => Promise.reject(new UpdateError('IO_ERROR', 'no bash')) });
    await expect(runPostInstall(deps, deps.loadConfig(), manifestWith([{ run: ['helpers/tool'] }]), [])).rejects.toMatchObject({ code: 'IO_ERROR' });
  });
});

describe('commandsToKeep', () => {
  it('keeps what was written last, and the names of all', () => {
    const lines = Array.from({ length: 20 }, (_each, at) => String(at).padEnd(500, '.'));
    const ran = ['a', 'b', 'c'].map((command) => ({ command, lines }));
    expect(commandsToKeep(ran)).toEqual([
      { command: 'a', lines: [] },
      { command: 'b', lines: lines.slice(8) },
      { command: 'c', lines },
    ]);
    expect(commandsToKeep(ran.slice(0, 1))).toEqual([{ command: 'a', lines }]);
  });
});
