import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { endHooks } from '../../../../lib/io/process/end-hooks.ts';
import { temporary } from '../../../helpers/device.ts';

const OWN = '/device/system.slice/pikit-update-rollback.service';

let cgroups = '';
let self = '';
beforeEach(() => {
  cgroups = temporary();
  self = join(cgroups, 'own');
  fs.writeFileSync(self, `0::${OWN}\n`);
});

function group(slice: string, unit: string, pids: readonly number[]): { set: (pids: readonly number[]) => void } {
  const dir = join(cgroups, slice, unit);
  fs.mkdirSync(dir, { recursive: true });
  const set = (now: readonly number[]): void => {
    fs.writeFileSync(join(dir, 'cgroup.procs'), now.map((pid) => `${String(pid)}\n`).join(''));
    fs.writeFileSync(join(dir, 'cgroup.events'), `populated ${now.length === 0 ? '0' : '1'}\n`);
  };
  set(pids);
  return { set };
}

describe('endHooks', () => {
  it('does nothing where nothing of a release runs', async () => {
    group('device/system.slice', 'pikit-update-hook-1.service', []);
    group('device/system.slice', 'nginx.service', [12]);
    group('device/system.slice', 'pikit-update-apply.service', [13]);
    const kill = (): never => expect.fail('killed');
    expect(await endHooks({ cgroups, self, kill })).toEqual([]);
    expect(await endHooks({ cgroups: join(cgroups, 'none'), self: join(cgroups, 'none'), kill })).toEqual([]);
  });

  it('kills all processes of all commands, those that come meanwhile as well, and resolves when they are gone', async () => {
    const one = group('device/system.slice', 'pikit-update-hook-1.service', [4, 5]);
    const two = group('system.slice', 'pikit-update-hook-12.service', [6]);
    const killed: number[] = [];
    const kill = (pid: number): void => {
      killed.push(pid);
      if (pid === 5) setImmediate(one.set, [7]);
      if (pid === 7) setImmediate(one.set, []);
      if (pid === 6) setImmediate(two.set, []);
    };
    expect(await endHooks({ cgroups, self, kill })).toEqual(['pikit-update-hook-1.service', 'pikit-update-hook-12.service']);
    expect([...new Set(killed)]).toEqual([4, 5, 7, 6]);
  });

  it('goes on when one does not end in time', async () => {
    group('device/system.slice', 'pikit-update-hook-1.service', [4]);
    expect(await endHooks({ cgroups, self, kill: () => undefined, patienceMs: 20 })).toEqual(['pikit-update-hook-1.service']);
  });

  it('takes a process that has ended by itself for ended', async () => {
    const one = group('device/system.slice', 'pikit-update-hook-1.service', [2 ** 22 + 7]);
    setImmediate(one.set, []);
    expect(await endHooks({ cgroups, self })).toEqual(['pikit-update-hook-1.service']);
  });
});
