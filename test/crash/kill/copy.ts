/** A device doubled: every byte anew, but names that shared an inode share one again, as links are what an undo lives from. */
import fs from 'node:fs';

const MODE_BITS = 0o7777;

/** Copies a whole tree with modes, owners and hard links; `to` must not exist. */
export function copyTree(from: string, to: string): void {
  copyDirectory(from, to, new Map());
}

function copyDirectory(from: string, to: string, copied: Map<number, string>): void {
  fs.mkdirSync(to);
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = `${from}/${entry.name}`;
    const target = `${to}/${entry.name}`;
    if (entry.isDirectory()) copyDirectory(source, target, copied);
    else copyFile(source, target, copied);
  }
  giveRights(to, fs.statSync(from));
}

function copyFile(source: string, target: string, copied: Map<number, string>): void {
  const stat = fs.lstatSync(source);
  const known = stat.nlink > 1 ? copied.get(stat.ino) : undefined;
  if (known !== undefined) {
    fs.linkSync(known, target);
    return;
  }
  fs.writeFileSync(target, fs.readFileSync(source));
  giveRights(target, stat);
  copied.set(stat.ino, target);
}

function giveRights(path: string, stat: fs.Stats): void {
  if (stat.uid !== process.getuid?.() || stat.gid !== process.getgid?.()) fs.chownSync(path, stat.uid, stat.gid);
  fs.chmodSync(path, stat.mode & MODE_BITS);
}
