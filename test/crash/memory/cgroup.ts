/** A memory limit as systemd sets it for a unit, by a control group of our own: version 2 where there is one, else version 1. */
import fs from 'node:fs';
import { join } from 'node:path';

export interface Limited {
  /** A command that puts itself into the group, and then becomes the one after it. */
  through: string[];
  /** Most that was in use at any moment since the group was made, and how often the kernel ended something for it. */
  peak: () => { bytes: number; kills: number };
  remove: () => void;
}

interface Version {
  base: string;
  limit: string;
  peak: string;
  kills: [file: string, key: string];
}

const VERSIONS: readonly Version[] = [
  { base: '/sys/fs/cgroup', limit: 'memory.max', peak: 'memory.peak', kills: ['memory.events', 'oom_kill'] },
  { base: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes', kills: ['memory.oom_control', 'oom_kill'] },
];

/** Null where no group can be made, or none that counts memory. */
export function limited(bytes: number): Limited | null {
  for (const version of VERSIONS) {
    // A plain folder takes any file: only a control group has the file of the limit by itself.
    const dir = join(version.base, `pikit-test-${String(process.pid)}-${String(performance.now())}`);
    try {
      fs.mkdirSync(dir);
    } catch {
      continue;
    }
    const remove = (): void => {
      fs.rmdirSync(dir);
    };
    try {
      fs.writeFileSync(join(dir, version.limit), String(bytes), { flag: 'r+' });
      fs.readFileSync(join(dir, version.peak));
    } catch {
      remove();
      continue;
    }
    const [file, key] = version.kills;
    return {
      through: ['sh', '-c', `echo $$ >'${dir}/cgroup.procs' && exec "$@"`, 'sh'],
      peak: () => ({
        bytes: Number(fs.readFileSync(join(dir, version.peak), 'utf8')),
        kills: Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(fs.readFileSync(join(dir, file), 'utf8'))?.[1] ?? 0),
      }),
      remove,
    };
  }
  return null;
}
