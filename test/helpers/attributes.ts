/** A directory on a filesystem with attributes (chattr): the one given where it has them, else an ext4 of its own on top of it. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const quiet = { stdio: 'ignore' } as const;

function hasAttributes(dir: string): boolean {
  const probe = `${dir}/attribute-probe`;
  fs.writeFileSync(probe, '');
  try {
    execFileSync('chattr', ['+i', probe], quiet);
    execFileSync('chattr', ['-i', probe], quiet);
    return true;
  } catch {
    return false; // no such command, not root, or a filesystem without attributes: that is the answer
  } finally {
    fs.rmSync(probe);
  }
}

/** Runs `use` there, and takes all attributes away afterwards. False where there are none: nothing was run. */
export function withAttributes(dir: string, use: () => void): boolean {
  const image = `${dir}.ext4`;
  const isOwn = hasAttributes(dir);
  if (!isOwn && !mountExt4(image, dir)) return false;
  try {
    use();
  } finally {
    execFileSync('chattr', ['-R', '-f', '-i', '-a', dir], quiet);
    if (!isOwn) execFileSync('umount', [dir], quiet);
    fs.rmSync(image, { force: true });
  }
  return true;
}

function mountExt4(image: string, dir: string): boolean {
  try {
    fs.writeFileSync(image, '');
    fs.truncateSync(image, 16 * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', '-F', image], quiet);
    execFileSync('mount', ['-o', 'loop', image, dir], quiet);
  } catch {
    fs.rmSync(image, { force: true });
    return false; // not allowed here: that is the answer
  }
  return hasAttributes(dir);
}
