/** Other users of a device at work beside a step of root: processes of their own, that swap and look as fast as they can. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** The user who downloads, and one who has no rights at all. */
export const UPDATER = 65_534;
const STRANGER = 1;

/** Exchanges two names in one call, over and over: each of them leads to one or the other, and is never missing. */
const SWAP = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (os.fsencode(path) for path in sys.argv[1:3])
done = 0
print('ready', flush=True)
while os.getppid() != 1:
    if libc.renameat2(-100, a, -100, b, 2) == 0:
        done += 1
        if done % 1000 == 0: print(done, flush=True)
`;

/** Reads whatever it may in folders, and tells what has a secret in it. */
const WATCH = `
import os, sys
secret = os.fsencode(sys.argv[1])
looks = 0
print('ready', flush=True)
while os.getppid() != 1:
    for folder in sys.argv[2:]:
        try: names = os.listdir(folder)
        except OSError: continue
        for name in names:
            try:
                with open(folder + '/' + name, 'rb') as file:
                    looks += 1
                    if secret in file.read(): print('LEAK ' + folder + '/' + name, flush=True)
            except OSError: pass
    if looks % 1000 < 5: print(looks, flush=True)
`;

/** Puts something else in the place of each of these paths, over and over: a link to a secret or its folder, a pipe, a folder, garbage, nothing. */
export const DISTURB = `
import os, random, shutil, sys
secrets, paths = sys.argv[1], sys.argv[2:]
def clear(path):
    if os.path.isdir(path) and not os.path.islink(path): shutil.rmtree(path)
    else: os.unlink(path)
def folder(path):
    os.mkdir(path)
    open(path + '/x', 'w').close()
def garbage(path):
    with open(path, 'wb') as file: file.write(os.urandom(100))
ways = [
    lambda path: os.symlink(secrets + '/rollback', path),
    lambda path: os.symlink(secrets, path),
    os.mkfifo, folder, garbage, lambda path: None,
]
done = 0
print('ready', flush=True)
while os.getppid() != 1:
    path = random.choice(paths)
    for act in (clear, random.choice(ways)):
        try: act(path)
        except OSError: continue
        done += 1
        if done % 100 == 0: print(done, flush=True)
`;

/** Keeps a lease for writing on whatever is at these paths, anew where another file has come there. */
export const LEASE = `
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
held, done = {}, 0
while os.getppid() != 1:
    for path in sys.argv[1:]:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            known = held.get(path)
            if known is not None and os.fstat(known).st_ino == os.fstat(fd).st_ino: os.close(fd); continue
            if known is not None: os.close(held.pop(path))
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            held[path] = fd
            done += 1
            print(done, flush=True)
        except OSError: pass
    if done and sys.argv[-1]: print('ready', flush=True); sys.argv[-1] = ''
`;

export interface Worker {
  /** The number that it told last. */
  count: () => number;
  leaks: () => string[];
}

/** Swaps two paths as the user of the network steps, until the test ends. */
export async function swapping(one: string, other: string): Promise<Worker> {
  return await work(SWAP, UPDATER, [one, other]);
}

/** Disturbs root at these paths as the user of the network steps, until the test ends; `secrets` is a folder of root's with a file `rollback`. */
export async function disturbing(secrets: string, paths: readonly string[]): Promise<Worker> {
  return await work(DISTURB, UPDATER, [secrets, ...paths], 0);
}

/** Keeps leases on these files, as the user of the network steps whose they are, until the test ends. */
export async function leasing(paths: readonly string[]): Promise<Worker> {
  return await work(LEASE, UPDATER, [...paths, '-']);
}

/** Looks for a secret as a user without rights, until the test ends. */
export async function watching(secret: string, folders: readonly string[]): Promise<Worker> {
  return await work(WATCH, STRANGER, [secret, ...folders]);
}

async function work(program: string, user: number, args: readonly string[], group = user): Promise<Worker> {
  const child = spawn('python3', ['-c', program, ...args], { uid: user, gid: group, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let count = 0;
  const leaks: string[] = [];
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${text}${chunk}`.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line === 'ready') resolve();
        else if (line.startsWith('LEAK ')) leaks.push(line);
        else count = Number(line);
      }
    });
  });
  return { count: () => count, leaks: () => leaks };
}
