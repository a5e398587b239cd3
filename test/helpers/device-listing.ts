/**
 * Everything that is on a device, before and after: each path with its type, mode, owner, size, the sha256 of a file, the target of a
 * link. What an attack has changed shows, wherever it is, also what root was led to change.
 *
 * A file is hashed again only when its change time is another one, which no user can set. Of /usr, which has nine tenths of all
 * files, everything counts as changed that has a newer change time than the listing before.
 */
import type { Device } from './container.ts';

/** What changes by itself, each with the reason; nothing below it is listed. A star stands for the rest of a name. */
const LEFT_OUT: readonly (readonly [path: string, why: string])[] = [
  ['/proc', 'the kernel'],
  ['/sys', 'the kernel'],
  ['/dev', 'the kernel; what this program remembers is in /dev/shm'],
  ['/var/log/journal', 'the journal'],
  ['/run/log/journal', 'the journal'],
  ['/run/systemd/journal', 'the journal'],
  ['/run/systemd/units', 'names the invocation of each unit that runs'],
  ['/run/systemd/inaccessible', 'what sandboxes see in the place of other files'],
  ['/run/systemd/incoming', 'mounts on their way into sandboxes'],
  ['/run/systemd/propagate', 'mounts on their way into sandboxes'],
  ['/run/systemd/unit-root', 'the root of a sandbox while it is made'],
  ['/run/systemd/transient', 'units while they run'],
  ['/run/credentials', 'of units that run'],
  ['/run/nginx.pid', 'nginx is started anew by an update'],
  ['/run/hold', 'of the tests: a service waits for it to go'],
  ['/var/log/nginx', 'requests'],
  ['/var/lib/nginx', 'temporary files of nginx'],
  ['/var/lib/systemd/timers', 'when timers elapsed'],
  ['/srv/try', 'of the tests: the script that is tried'],
  ['/srv/hostile.sh', 'of the tests: the script that is tried'],
  ['/tmp/systemd-private-*', 'private to one run of a unit'],
  ['/var/tmp/systemd-private-*', 'private to one run of a unit'],
];

const PROGRAM = `
import hashlib, json, os, pickle, stat, subprocess, sys
LEFT_OUT = json.loads(sys.argv[3])
WHOLE, BEGUN = {path for path in LEFT_OUT if path[-1] != '*'}, tuple(path[:-1] for path in LEFT_OUT if path[-1] == '*')
MEMORY = '/dev/shm/listing'
try: known = pickle.load(open(MEMORY, 'rb'))
except OSError: known = {}
seen, found = {}, {}
def digest(path, s):
    key = (s.st_dev, s.st_ino, s.st_size, s.st_ctime_ns, s.st_mtime_ns)
    if key not in known:
        with open(path, 'rb') as file: known[key] = hashlib.file_digest(file, 'sha256').hexdigest() if hasattr(hashlib, 'file_digest') else hashlib.sha256(file.read()).hexdigest()
    seen[key] = known[key]
    return known[key]
def look(path):
    try:
        s = os.lstat(path)
        facts = '%s %o %d:%d' % (chr({stat.S_IFDIR: 100, stat.S_IFLNK: 108, stat.S_IFREG: 102, stat.S_IFIFO: 112, stat.S_IFSOCK: 115}.get(stat.S_IFMT(s.st_mode), 63)), stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid)
        if stat.S_ISLNK(s.st_mode): facts += ' ' + os.readlink(path)
        elif stat.S_ISREG(s.st_mode): facts += ' %d %s' % (s.st_size, digest(path, s))
    except FileNotFoundError: return
    found[path] = facts
    if stat.S_ISDIR(s.st_mode):
        try: names = os.listdir(path)
        except FileNotFoundError: return
        for name in names:
            below = os.path.join(path, name)
            if below not in WHOLE and not below.startswith(BEGUN) and (path != '/usr' or name == 'local'): look(below)
def newer(mark): return subprocess.run(['find', '/usr', '-path', '/usr/local', '-prune', '-o', '-cnewer', mark, '-print0'], stdout=subprocess.PIPE, check=True).stdout.decode(errors='surrogateescape').split('\\0')[:-1]
sys.setrecursionlimit(20000)
mark = '/dev/shm/listing-mark-' + sys.argv[1]
if sys.argv[2] == 'keep': open(mark, 'w').close()
look('/')
pickle.dump(seen, open(MEMORY, 'wb'))
place = '/dev/shm/listing-' + sys.argv[1]
if sys.argv[2] == 'keep': pickle.dump(found, open(place, 'wb'))
else:
    before = pickle.load(open(place, 'rb'))
    changed = [(path, before.get(path), found.get(path)) for path in sorted(set(before) | set(found)) if before.get(path) != found.get(path)]
    print(json.dumps(changed + [(path, None, 'changed') for path in newer(mark)]))
`;

const PLACE = '/srv/listing.py';

export interface Changed {
  path: string;
  /** Type, mode, owner and what it holds; null for what was not there, or is not any more. */
  before: string | null;
  after: string | null;
}

/** Puts the program on a device. */
export async function installListing(device: Device): Promise<void> {
  await device.writeFile(PLACE, PROGRAM);
}

/** As a line for bash: keeps how the device is now, under a name. */
export function listingKept(name: string): string {
  return `python3 ${PLACE} ${name} keep '${JSON.stringify(LEFT_OUT.map(([path]) => path))}'`;
}

/** As a line for bash: prints what has changed since, as `parseChanges` reads it. */
export function listingCompared(name: string): string {
  return `python3 ${PLACE} ${name} compare '${JSON.stringify(LEFT_OUT.map(([path]) => path))}'`;
}

export function parseChanges(text: string): Changed[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Error(`this is no comparison: ${text.slice(0, 80)}`);
  return value.map((row: unknown) => {
    const [path, before, after] = Array.isArray(row) ? row.map((cell: unknown) => (typeof cell === 'string' ? cell : null)) : [];
    return { path: path ?? '', before: before ?? null, after: after ?? null };
  });
}
