/** Steps that are cut short: killed, told to stop, run at once, out of room. Real processes, held open by a gate. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import type { Device, Running } from '../../helpers/device.ts';
import { device, netDeps, start, step, temporary } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import { canMount } from '../../helpers/mount.ts';
import type { Snapshot } from '../../helpers/tree.ts';
import type { Published } from './published.ts';
import { onSite, published } from './published.ts';
import type { Gate } from './site-server.ts';
import { gate, part } from './site-server.ts';

/** A device on 1.0.0 with 1.1.0 staged, whose health check waits for the test. */
async function held(): Promise<Published & { on: Device; probe: Gate; before: Snapshot }> {
  const bed = await onSite(['1.0.0', '1.1.0']);
  const probe = await gate();
  bed.on.configure({ url: bed.server.url, health: [probe.url], healthTimeout: '1h' });
  await fetchRelease(netDeps(bed.on));
  return { ...bed, probe, before: bed.on.tree() };
}

function expectNothingLeft(on: Device): void {
  const all = fs.readdirSync(on.root, { recursive: true, encoding: 'utf8' });
  const disk = all.filter((path) => !path.startsWith('run/'));
  expect(disk.filter((path) => /\.pikit-[0-9a-f]|journal\.json|\.tmp$|\.partial$/.test(path))).toEqual([]);
}

/** These tests configure the device anew in between. */
function withoutConfig(tree: Snapshot): Snapshot {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => path !== '/etc/pikit/update.toml'));
}

describe('kill -9 of an apply', () => {
  it('while it looks at the dashboard: recover makes exactly the old files', async () => {
    const { on, probe, before } = await held();
    const running = start('apply', on.root);
    await probe.reached;
    expect(on.tree()).not.toEqual(before);
    running.child.kill('SIGKILL');
    await running.ended;
    expect(fs.existsSync(on.paths.journal)).toBe(true);
    expect(await step(on, 'recover')).toEqual({
      code: 0,
      out: 'installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0\n',
      err: '',
    });
    expect(on.tree()).toEqual(before);
    expectNothingLeft(on);
    expect(await step(on, 'recover')).toMatchObject({ code: 0, out: 'no update was interrupted\n' });
  });

  it.each([
    ['rollback', 'rolled-back', /installing 1\.1\.0 failed: the update was interrupted/],
    ['apply', 'ok', /installing 1\.1\.0 failed: the update was interrupted(.*\n)*1\.1\.0 is installed\n$/],
  ] as const)('and %s next, without recover', async (next, outcome, says) => {
    const { on, probe, before } = await held();
    const running = start('apply', on.root);
    await probe.reached;
    running.child.kill('SIGKILL');
    await running.ended;
    probe.open(200);
    expect(await step(on, next)).toMatchObject({ code: 0, out: matching(says), err: '' });
    if (next === 'rollback') expect(on.tree()).toEqual(before);
    expectNothingLeft(on);
    expect(on.files.readState()).toMatchObject({ last_result: { outcome } });
    expect(fs.existsSync(`${on.paths.orders}/next/rollback`)).toBe(false);
  });

  it('and of a rollback: recover goes on to where it was going', async () => {
    const { on, probe, before } = await held();
    probe.open(200);
    expect((await step(on, 'apply')).code).toBe(0);
    const again = await gate();
    on.configure({ url: 'http://127.0.0.1:1/', health: [again.url], healthTimeout: '1h' });
    const running = start('rollback', on.root);
    await again.reached;
    running.child.kill('SIGKILL');
    await running.ended;
    expect(await step(on, 'recover')).toEqual({ code: 0, out: 'rolled back from 1.1.0 to 1.0.0\n', err: '' });
    expect(withoutConfig(on.tree())).toEqual(withoutConfig(before));
    expectNothingLeft(on);
  });

  it('three times: the version is held', async () => {
    const { on, probe, before } = await held();
    for (const attempt of [1, 2, 3]) {
      const again = await gate();
      on.configure({ url: 'http://127.0.0.1:1/', health: [again.url], healthTimeout: '1h' });
      const running = start('apply', on.root);
      await again.reached;
      running.child.kill('SIGKILL');
      await running.ended;
      await step(on, 'recover');
      expect(on.files.readHeld().versions).toMatchObject([{ version: '1.1.0', reason: 'attempts', attempts: attempt }]);
    }
    probe.open(200);
    expect(await step(on, 'apply')).toMatchObject({
      code: 0,
      out: matching(/^1\.1\.0 is held: it failed here before \(3 attempts to install it were interrupted\)/),
    });
    on.configure({ url: 'http://127.0.0.1:1/' });
    expect(withoutConfig(on.tree())).toEqual(withoutConfig(before));
  });

  const hasStrace = fs.existsSync('/usr/bin/strace');
  const MOMENTS: readonly (readonly [string, number])[] = [
    ['rename', 1],
    ['rename', 4],
    ['rename', 8],
    ['rename', 11],
    ['unlink', 3],
    ['link', 2],
    ['fsync', 20],
    ['fsync', 60],
  ];

  it.skipIf(!hasStrace).each(MOMENTS)('at call %s number %i: recover makes one release or the other', async (call, at) => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    on.configure({ url: server.url });
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const calls = call === 'rename' ? 'rename,renameat,renameat2' : `?${call},?${call}at`.replace('?fsync,?fsyncat', 'fsync');
    const inject = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:signal=SIGKILL:when=${String(at)}`];
    const ended = await start('apply', on.root, { through: inject }).ended;
    const wasKilled = ended.code !== 0;
    expect((await step(on, 'recover')).code).toBe(0);
    expectNothingLeft(on);
    const version = on.read('/etc/pikit/version');
    if (version === '1.0.0\n') expect(on.tree()).toEqual(before);
    else expect(on.read('/var/www/pikit-web/index.html')).toContain('1.1.0');
    expect(on.files.readState().current).toBe(version?.trim());
    if (!wasKilled) expect(version).toBe('1.1.0\n');
    expect((await step(on, 'fetch')).code).toBe(0);
    expect((await step(on, 'apply')).code).toBe(0);
    expect(on.read('/var/www/pikit-web/index.html')).toContain('1.1.0');
  });
});

describe('a step that is told to stop', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('by %s during the health check: exactly the old files, exit code %i, no verdict', async (signal, code) => {
    const { on, probe, before } = await held();
    const running = start('apply', on.root);
    await probe.reached;
    running.child.kill(signal);
    const ended = await running.ended;
    expect(ended).toMatchObject({ code, err: matching(/^error: cancelled during the health check \[CANCELLED\]\n/) });
    expect(on.tree()).toEqual(before);
    expectNothingLeft(on);
    expect(on.files.readHeld().versions).toEqual([]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ step: 'apply', outcome: 'cancelled' });
  });

  it('during a download: exit code 143, and it goes on where it was', async () => {
    const { on, server, bundle } = await onSite(['1.0.0', '1.1.0']);
    const stuck = part(bundle('1.1.0'), 120, true);
    server.answer('/bundles/pikit-1.1.0.tar.gz', stuck);
    const running = start('fetch', on.root);
    await stuck.begun;
    await grown(`${on.paths.cacheDir}/1.1.0/bundle.tar.gz.partial`, 120);
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({
      code: 143,
      err: matching(/^error: the download of the bundle of 1\.1\.0 was cancelled \[CANCELLED\]\nhint: the next start resumes it/),
    });
    server.answer('/bundles/pikit-1.1.0.tar.gz', null);
    expect(await step(on, 'fetch')).toMatchObject({ code: 0, out: matching(/resumed after 120 B/) });
  });

  it('by the end of the reader of its output: it goes on', async () => {
    const { on, probe } = await held();
    const running = start('apply', on.root);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    await probe.reached;
    probe.open(200);
    expect((await running.ended).code).toBe(0);
    expect(on.read('/etc/pikit/version')).toBe('1.1.0\n');
  });
});

/** Resolves when a file has this size: its writer does not tell. */
async function grown(file: string, size: number): Promise<void> {
  await vi.waitUntil(() => fs.statSync(file, { throwIfNoEntry: false })?.size === size, { timeout: 120_000, interval: 10 });
}

describe('two steps at once', () => {
  it('the second waits, says so, and finds the work done', async () => {
    const { on, probe } = await held();
    const first = start('apply', on.root);
    await probe.reached;
    const second = start('apply', on.root);
    await said(second, 'another step is running: waiting for it, at most 120 s\n');
    probe.open(200);
    expect(await first.ended).toMatchObject({ code: 0, out: matching(/1\.1\.0 is installed\n$/) });
    expect(await second.ended).toEqual({ code: 0, err: '', out: matching(/\n1\.1\.0 is installed and there is nothing newer\n$/) });
  });

  it.each(['check', 'fetch', 'apply', 'rollback', 'recover'] as const)('%s stops waiting when it is told to', async (name) => {
    const { on, probe } = await held();
    const first = start('apply', on.root);
    await probe.reached;
    const second = start(name, on.root);
    await said(second, 'another step is running');
    second.child.kill('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 143, err: matching(/^error: cancelled while another step was running \[CANCELLED\]\n/) });
    probe.open(200);
    expect((await first.ended).code).toBe(0);
  });
});

async function said(running: Running, words: string): Promise<void> {
  let text = '';
  await new Promise<void>((resolve) => {
    running.child.stdout?.on('data', (more: string) => {
      text += more;
      if (text.includes(words)) resolve();
    });
  });
}

describe.skipIf(!canMount())('without room', () => {
  /** A folder on a filesystem of its own. */
  function small(options: string): string {
    const dir = temporary();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=755,${options}`, 'none', dir]);
    return dir;
  }

  async function bigRelease(root: string): Promise<Published & { on: Device }> {
    const source = await published();
    await source.publish('1.0.0', { files: { 'pikit-web/big.bin': { data: randomBytes(1024 * 1024) } } });
    return { ...source, on: device({ root, url: source.server.url }) };
  }

  it('fetch fails before the first byte, with both numbers', async () => {
    const root = small('size=2m');
    try {
      const { on, server } = await bigRelease(root);
      const ended = await step(on, 'fetch');
      expect(ended).toMatchObject({
        code: 1,
        err: matching(/^error: the filesystem of '.*' has .* free, and the update needs .* \[NO_SPACE\]\nhint: free .* nothing was changed\n$/),
      });
      expect(server.paths()).toEqual(['/branches.json', '/manifest.json']);
      expect(on.files.readState().last_result).toMatchObject({ code: 'NO_SPACE', step: 'fetch' });
    } finally {
      execFileSync('umount', [root]);
    }
  });

  it('fetch gives the room back when the disk fills up all the same', async () => {
    const root = small('size=1500k');
    try {
      const { on, edit } = await bigRelease(root);
      // A manifest as the first sketch of the format had it: nothing can be counted beforehand.
      edit((manifest) => ({ ...manifest, bundle: undefined, files: [{ path: 'pikit-web/big.bin', sha256: 'a'.repeat(64) }] }));
      const ended = await step(on, 'fetch');
      expect(ended).toMatchObject({ code: 1, err: matching(/^error: .*no space.* \[NO_SPACE\]\nhint: .*\n$/i) });
      expect(fs.readdirSync(on.paths.cacheDir)).toEqual(['source']);
      expect(on.files.readState().last_result).toMatchObject({ code: 'NO_SPACE' });
    } finally {
      execFileSync('umount', [root]);
    }
  });

  it('check, fetch and apply say that the filesystem is read-only', async () => {
    const root = small('size=8m');
    try {
      const { on } = await bigRelease(root);
      await step(on, 'fetch');
      execFileSync('mount', ['-o', 'remount,ro', root]);
      for (const name of ['check', 'fetch', 'apply'] as const) {
        expect(await step(on, name), name).toMatchObject({
          code: 1,
          err: matching(/^error: .*filesystem.* is read-only.* \[IO_ERROR\]\nhint: .*remount it writable.*\n$/),
        });
      }
    } finally {
      execFileSync('umount', [root]);
    }
  });
});
