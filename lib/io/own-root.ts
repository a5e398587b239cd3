/** The folder that PIKIT_ROOT names, for a process that is root: what lies in it decides what root reads, writes and stops. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError } from '../core/errors.ts';

const WRITABLE = { group: 0o020, others: 0o002, sticky: 0o1000 };

/**
 * Throws USAGE where root is asked to work in a folder of somebody else, or in one that somebody else can exchange. Whoever has
 * become root by sudo may use their own. For others than root the rights of the files decide.
 */
export function assertOwnRoot(root: string, { uid, sudoUid }: { uid: number; sudoUid: number | null } = whoAmI()): void {
  if (uid !== 0 || root === '/') return;
  const folder = fs.realpathSync(root);
  for (let dir = folder; dir !== '/'; dir = dirname(dir)) {
    const problem = problemOf(fs.statSync(dir), dir === folder, sudoUid);
    if (problem === null) continue;
    throw new UpdateError('USAGE', `PIKIT_ROOT names '${root}', and '${dir}' ${problem}: root does not work there`, {
      hint: "run it as the user whose folder it is, or name a folder that is root's; nothing was changed",
    });
  }
}

/** As the rest of a sentence. In a sticky folder above, others cannot exchange what is not theirs. */
function problemOf({ uid, gid, mode }: fs.Stats, isFolder: boolean, sudoUid: number | null): string | null {
  if (uid !== 0 && uid !== sudoUid) return `belongs to the user ${String(uid)}`;
  if (!isFolder && (mode & WRITABLE.sticky) !== 0) return null;
  if ((mode & WRITABLE.others) !== 0) return 'can be written by every user';
  if ((mode & WRITABLE.group) !== 0 && gid !== 0) return `can be written by the group ${String(gid)}`;
  return null;
}

function whoAmI(): { uid: number; sudoUid: number | null } {
  const sudo = process.env['SUDO_UID'] ?? '';
  return { uid: process.getuid?.() ?? 0, sudoUid: /^\d+$/.test(sudo) ? Number(sudo) : null };
}
