import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Progress } from '../../../../lib/core/device/state.ts';
import { isNetworkAtWork, lockHolder } from '../../../../lib/io/systemd/lock-holder.ts';
import { temporary } from '../../../helpers/device.ts';

const none = (): null => null;

function groups(own: string, others: Readonly<Record<string, string>>): [cgroups: string, self: string] {
  const dir = temporary();
  const self = join(dir, 'self');
  fs.writeFileSync(self, `0::/system.slice/${own}\n`);
  for (const [unit, procs] of Object.entries(others)) {
    fs.mkdirSync(join(dir, 'system.slice', unit), { recursive: true });
    fs.writeFileSync(join(dir, 'system.slice', unit, 'cgroup.procs'), procs);
  }
  return [dir, self];
}

it('is the unit beside ours that has a process', () => {
  const at = groups('pikit-update-rollback.service', {
    'pikit-update-rollback.service': '1\n',
    'pikit-update-check.service': '',
    'pikit-update-fetch.service': '4711\n4712\n',
  });
  expect(lockHolder(none, ...at)).toBe('pikit-update-fetch.service, process 4711');
});

it('is not known where no unit is at work, and no step reports', () => {
  expect(lockHolder(none, ...groups('pikit-update-rollback.service', {}))).toBeNull();
  expect(lockHolder(none, '/nowhere', '/nowhere')).toBeNull();
});

it('knows whether check or fetch is at work, and takes it that one is where groups do not tell', () => {
  const of = (others: Readonly<Record<string, string>>): boolean => isNetworkAtWork(...groups('pikit-update-rollback.service', others));
  expect(of({ 'pikit-update-check.service': '12\n' })).toBe(true);
  expect(of({ 'pikit-update-fetch.service': '', 'pikit-update-apply.service': '12\n' })).toBe(false);
  expect(isNetworkAtWork('/nowhere', '/nowhere')).toBe(true);
});

it('in a folder is the step that reports, unless that is this process', () => {
  const at = '2026-11-22T10:00:00.000Z';
  const nothing = { version: null, percent: null, bytes: null, total_bytes: null, rate_bytes_per_s: null, invocation: null };
  const step = (pid: number): Progress => ({ ...nothing, step: 'fetch', phase: 'x', can_cancel: true, pid, started: at, updated: at });
  expect(lockHolder(() => step(1), '/nowhere', '/nowhere')).toBe('fetch, process 1');
  expect(lockHolder(() => step(process.pid), '/nowhere', '/nowhere')).toBeNull();
});
