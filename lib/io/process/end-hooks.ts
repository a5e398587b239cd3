/**
 * No command of a release runs beside what changes the files of a release. One that an update left behind when it was killed is
 * found by its control group, and ended without asking systemd, which may not be there to be asked.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { CGROUPS, OWN_CGROUP, ownGroup, processesOf } from '../systemd/lock-holder.ts';

const HOOK = /^pikit-update-hook-\d+\.service$/;
/** A killed process ends at once, but for one that waits for a disk. */
const PATIENCE_MS = 10_000;

export interface HookGroups {
  cgroups?: string;
  self?: string;
  kill?: (pid: number) => void;
  patienceMs?: number;
}

/** Kills all processes of all such units, and resolves when they are gone, or after 10 s; to the units that had any. */
export async function endHooks({ cgroups = CGROUPS, self = OWN_CGROUP, kill = killNow, patienceMs = PATIENCE_MS }: HookGroups = {}): Promise<
  string[]
> {
  const ended: string[] = [];
  for (const { unit, group } of hookGroups(cgroups, self)) {
    if (processesOf(group).length === 0) continue;
    ended.push(unit);
    await endGroupOf(group, kill, AbortSignal.timeout(patienceMs));
  }
  return ended;
}

/** Where a step finds those of its device: beside its own group, and where services are when it was started by hand. */
function hookGroups(cgroups: string, self: string): { unit: string; group: string }[] {
  const own = ownGroup(cgroups, self);
  const slices = new Set([...(own === null ? [] : [dirname(own)]), `${cgroups}/system.slice`]);
  return [...slices].flatMap((slice) =>
    namesIn(slice)
      .filter((name) => HOOK.test(name))
      .map((unit) => ({ unit, group: `${slice}/${unit}` })),
  );
}

/** The kernel tells that a group is empty by a change of `cgroup.events`. */
async function endGroupOf(group: string, kill: (pid: number) => void, deadline: AbortSignal): Promise<void> {
  let changed = (): void => undefined;
  const watcher = watchOrNull(`${group}/cgroup.events`, () => {
    changed();
  });
  try {
    for (;;) {
      const change = new Promise<void>((resolve) => {
        changed = resolve;
        deadline.addEventListener('abort', () => {
          resolve();
        });
      });
      const pids = processesOf(group);
      if (pids.length === 0 || deadline.aborted) return;
      for (const pid of pids) kill(Number(pid));
      if (watcher === null) return;
      await change;
    }
  } finally {
    watcher?.close();
  }
}

/** Null where the group has gone meanwhile. */
function watchOrNull(file: string, onChange: () => void): fs.FSWatcher | null {
  try {
    return fs.watch(file, onChange);
  } catch {
    return null;
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function namesIn(dir: string): string[] {
  try {
    return fs.readdirSync(dir);
  } catch {
    // Safe to ignore: without control groups there are no such units.
    return [];
  }
}
