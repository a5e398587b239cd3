/** What to do about a full filesystem. Pure. */

/** systemd mounts it in memory on every device: packages and the journal take nothing of it. */
const IN_MEMORY = /^\/run\//;

/** `path`: the file that could not be written, where that is known. */
export function spaceHint(path: string | null): string {
  return path !== null && IN_MEMORY.test(path)
    ? "'/run' is in memory, and is full: `sudo du -xah /run | sort -h | tail` shows what fills it (`df -i /run`: or whether it has too many files); delete that, or restart the device, which empties it, and try again"
    : 'free some space (for example: apt-get clean) and try again';
}
