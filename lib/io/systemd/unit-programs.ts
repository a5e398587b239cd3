/** What the services of this device start, from their unit files: systemd need not be there to be asked. */
import fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { parseUnitFile, valuesOf } from '../../core/device/unit-file.ts';
import type { UnitProgram } from '../../core/offer/stale-programs.ts';

/** The first that has a unit counts (systemd.unit(5)). */
const UNIT_DIRS = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const MAX_BYTES = 256 * 1024;

/** The services of the device below `root`, with their drop-ins. What cannot be read, or is no unit file, is passed over. */
export function unitPrograms(root: string): UnitProgram[] {
  const found = new Map<string, string>();
  for (const dir of UNIT_DIRS) {
    for (const unit of namesIn(join(root, dir)).filter((name) => name.endsWith('.service'))) {
      if (!found.has(unit)) found.set(unit, join(root, dir, unit));
    }
  }
  return [...found].map(([unit, file]) => {
    const dropIns = UNIT_DIRS.toReversed().flatMap((dir) => {
      const folder = join(root, dir, `${unit}.d`);
      return namesIn(folder).map((name) => join(folder, name));
    });
    const settings = [file, ...dropIns].flatMap((path) => settingsOf(path));
    return { unit, command: valuesOf(settings, 'Service', 'ExecStart').join('\n') };
  });
}

function settingsOf(path: string): ReturnType<typeof parseUnitFile> {
  try {
    if (fs.statSync(path).size > MAX_BYTES) return [];
    return parseUnitFile(fs.readFileSync(path, 'utf8'), path);
  } catch {
    return []; // safe: a unit that cannot be read, or that is masked, is restarted by its name if it is on the list
  }
}

function namesIn(dir: string): string[] {
  try {
    return fs.readdirSync(dir).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}
