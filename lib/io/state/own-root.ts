/** The folder that PIKIT_ROOT names, for a process that is root: what lies in it decides what root reads, writes and stops. */
import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UpdateError } from '../../core/errors.ts';

const WRITABLE = { group: 0o020, others: 0o002, sticky: 0o1000 };

/**
 * The folder that stands for `/`, which every program asks for first: PIKIT_ROOT, or `/` itself. Throws USAGE where PIKIT_ROOT is
 * empty or names no folder, and as assertOwnRoot.
 */
export function ownRoot(given: string | undefined = process.env['PIKIT_ROOT']): string {
  const root = resolve(given ?? '/');
  const isFolder = given !== '' && fs.statSync(root, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) {
    throw new UpdateError('USAGE', given === '' ? 'PIKIT_ROOT is empty' : `PIKIT_ROOT names '${root}', which is not a folder`, {
      hint: "name the folder that stands for '/', or unset PIKIT_ROOT",
    });
  }
  assertOwnRoot(root);
  return root;
}

/**
 * Throws USAGE where root is asked to work in a folder of another user, or in one that another user can exchange. A user who has
 * become root by sudo may use their own. For others than root the rights of the files decide.
 */
export function assertOwnRoot(root: string, { uid, sudoUid }: { uid: number; sudoUid: number | null } = whoAmI()): void {
  if (uid !== 0 || root === '/') return;
  // Where it is, and by which way it was named: a link of another user may lead elsewhere a moment later.
  for (const folder of new Set([fs.realpathSync(root), resolve(root)])) assertOwnWay(root, folder, sudoUid);
}

function assertOwnWay(root: string, folder: string, sudoUid: number | null): void {
  for (let dir = folder; dir !== '/'; dir = dirname(dir)) {
    const problem = problemOf(fs.lstatSync(dir), dir === folder, sudoUid);
    if (problem === null) continue;
    throw new UpdateError('USAGE', `PIKIT_ROOT names '${root}', and '${dir}' ${problem}: root does not work there`, {
      hint: "run it as the user whose folder it is, or name a folder that is root's; nothing was changed",
    });
  }
}

/** As the rest of a sentence. In a sticky folder above, others cannot exchange what is not theirs. */
function problemOf(stat: fs.Stats, isFolder: boolean, sudoUid: number | null): string | null {
  const { uid, gid, mode } = stat;
  if (uid !== 0 && uid !== sudoUid) return `belongs to the user ${String(uid)}`;
  if (stat.isSymbolicLink()) return null; // has no rights of its own
  if (!isFolder && (mode & WRITABLE.sticky) !== 0) return null;
  if ((mode & WRITABLE.others) !== 0) return 'can be written by every user';
  if ((mode & WRITABLE.group) !== 0 && gid !== 0) return `can be written by the group ${String(gid)}`;
  return null;
}

function whoAmI(): { uid: number; sudoUid: number | null } {
  const sudo = process.env['SUDO_UID'] ?? '';
  return { uid: process.getuid?.() ?? 0, sudoUid: /^\d+$/.test(sudo) ? Number(sudo) : null };
}
