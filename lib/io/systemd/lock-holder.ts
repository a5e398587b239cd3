/** Who has the lock of all steps, for people: by the processes of our units, which systemd keeps apart in control groups. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import type { Progress } from '../../core/device/state.ts';

export const CGROUPS = '/sys/fs/cgroup';
export const OWN_CGROUP = '/proc/self/cgroup';
const STEPS = ['check', 'fetch', 'apply', 'rollback', 'recover'] as const;

/**
 * Such as `pikit-update-check.service, process 1234`; null when it is not known. The lock itself does not tell: it was taken by a
 * command that has ended since. `progress`: what a step reports that no unit runs.
 */
export function lockHolder(progress: () => Progress | null, cgroups = CGROUPS, self = OWN_CGROUP): string | null {
  return unitAtWork(cgroups, self) ?? stepAtWork(progress());
}

/** Whether check or fetch has a process; true as well where control groups do not tell. */
export function isNetworkAtWork(cgroups = CGROUPS, self = OWN_CGROUP): boolean {
  return ownGroup(cgroups, self) === null || unitAtWork(cgroups, self, ['check', 'fetch']) !== null;
}

function unitAtWork(cgroups: string, self: string, steps: readonly (typeof STEPS)[number][] = STEPS): string | null {
  const own = ownGroup(cgroups, self);
  if (own === null) return null;
  for (const step of steps) {
    const unit = `pikit-update-${step}.service`;
    const group: string = `${dirname(own)}/${unit}`;
    if (group === own) continue;
    const pid = processesOf(group)[0];
    if (pid !== undefined) return `${unit}, process ${pid}`;
  }
  return null;
}

function stepAtWork(progress: Progress | null): string | null {
  return progress === null || progress.pid === process.pid ? null : `${progress.step}, process ${String(progress.pid)}`;
}

/** The folder of our own control group: those of the other steps are beside it. Null where the kernel does not tell. */
export function ownGroup(cgroups: string, self: string): string | null {
  const path = /^0::(\/.*)$/m.exec(read(self))?.[1];
  return path === undefined ? null : `${cgroups}${path}`;
}

/** The ids of all processes of a control group; none where it is not there. */
export function processesOf(group: string): string[] {
  return read(`${group}/cgroup.procs`)
    .split('\n')
    .filter((line) => /^[1-9]\d*$/.test(line));
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // Safe to ignore: who it is is told where it can be known.
    return '';
  }
}
