import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeLock } from '../../../../lib/io/state/lock.ts';
import { bundledScript } from '../../../helpers/bundled-script.ts';
import { matching } from '../../../helpers/matchers.ts';
import { temporaryFolder } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const HOLDER = `
import { spawn } from 'node:child_process';
import { takeLock } from './lib/io/state/lock.ts';
takeLock(process.argv[2], { waitMs: 60000, onWait: () => process.stdout.write('waiting\\n'), signal: new AbortController().signal }).then(() => {
  spawn('sleep', ['1000'], { stdio: 'ignore', detached: true }).unref();
  process.stdout.write('locked\\n');
});
process.stdin.resume();
`;

let scripts = '';
let holder = '';
let dir = '';
let path = '';
const processes: ChildProcess[] = [];
beforeAll(() => {
  scripts = temporaryFolder('lock-script');
  holder = bundledScript(scripts, 'holder', HOLDER);
});
afterAll(() => {
  fs.rmSync(scripts, { recursive: true });
});
beforeEach(() => {
  dir = folderOfTest('lock');
  path = join(dir, 'run/pikit-update.lock');
});
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
});

/** Another process that takes the lock; resolves when it said what is expected. */
async function another(says: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [holder, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  processes.push(child);
  const [line] = await once(child.stdout, 'data').then((chunks: unknown[]) => chunks.map(String));
  expect(line).toBe(`${says}\n`);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function isTaken(): boolean {
  return spawnSync('flock', ['-n', path, 'true']).status === 1;
}

interface Taken {
  onWait: ReturnType<typeof vi.fn<() => void>>;
  result: Promise<() => void>;
}

function take(waitMs: number, onWait: () => void = () => undefined, signal = new AbortController().signal): Taken {
  const spy = vi.fn(onWait);
  return { onWait: spy, result: takeLock(path, { waitMs, onWait: spy, signal }) };
}

describe('takeLock', () => {
  it('takes what is free, makes its folder, and keeps it', async () => {
    const { onWait, result } = take(1000);
    await result;
    expect(onWait).not.toHaveBeenCalled();
    expect(fs.statSync(path).mode & 0o777).toBe(0o640);
    expect(isTaken()).toBe(true);
  });

  it('lets go of it when it is told to, once', async () => {
    const release = await take(0).result;
    release();
    expect(isTaken()).toBe(false);
    const again = await take(0).result;
    release();
    expect(isTaken()).toBe(true);
    again();
    expect(isTaken()).toBe(false);
  });

  it('keeps others out, in this process too', async () => {
    await take(0).result;
    const second = take(0);
    await expect(second.result).rejects.toMatchObject({ code: 'BUSY', message: matching('is locked'), hint: matching('systemctl list-jobs') });
    expect(second.onWait).not.toHaveBeenCalled();
  });

  it('is BUSY at once when it shall not wait', async () => {
    await another('locked');
    await expect(take(0).result).rejects.toMatchObject({ code: 'BUSY' });
  });

  it('is BUSY at the end of its wait, and says once that it waits', async () => {
    await another('locked');
    const { onWait, result } = take(100);
    await expect(result).rejects.toMatchObject({ code: 'BUSY' });
    expect(onWait).toHaveBeenCalledOnce();
  });

  it('gets it as soon as the other process is dead, whatever that one started', async () => {
    const other = await another('locked');
    const { result } = take(60_000, () => {
      other.kill('SIGKILL');
    });
    await result;
    expect(isTaken()).toBe(true);
  });

  it('needs no wait after a process that was killed', async () => {
    await end(await another('locked'));
    const { onWait, result } = take(0);
    await result;
    expect(onWait).not.toHaveBeenCalled();
  });

  it('lets another process wait for us', async () => {
    await take(0).result;
    await another('waiting');
  });

  it.each([
    [
      'before-it-waits',
      (cancel: AbortController) => (): void => {
        cancel.abort();
      },
    ],
    [
      'while-it-waits',
      (cancel: AbortController) => (): void => {
        setImmediate(() => {
          cancel.abort();
        });
      },
    ],
  ])('is CANCELLED %s, and holds nothing then', async (_name, when) => {
    const other = await another('locked');
    const cancel = new AbortController();
    await expect(take(60_000, when(cancel), cancel.signal).result).rejects.toMatchObject({ code: 'CANCELLED' });
    await end(other);
    expect(isTaken()).toBe(false);
  });

  it('does not open a symlink', async () => {
    fs.mkdirSync(join(dir, 'run'));
    fs.symlinkSync(join(dir, 'elsewhere'), path);
    await expect(take(0).result).rejects.toMatchObject({ code: 'ELOOP' });
    expect(fs.existsSync(join(dir, 'elsewhere'))).toBe(false);
  });

  it('needs the command flock', async () => {
    vi.stubEnv('PATH', dir);
    await expect(take(0).result).rejects.toMatchObject({ code: 'IO_ERROR', hint: 'install the package util-linux' });
    vi.unstubAllEnvs();
  });

  it.skipIf(process.getuid?.() !== 0)('is PERMISSION for a user without rights (needs root)', () => {
    fs.mkdirSync(join(dir, 'run'));
    fs.writeFileSync(path, '', { mode: 0o640 });
    fs.chmodSync(dir, 0o755);
    fs.chmodSync(scripts, 0o755);
    const code = `import { takeLock } from './lib/io/state/lock.ts'; takeLock(process.argv[2], { waitMs: 0, onWait() {}, signal: new AbortController().signal }).catch((e) => console.log(e.code));`;
    const script = bundledScript(scripts, 'permission', code);
    const { stdout } = spawnSync(process.execPath, [script, path], { uid: 65_534, gid: 65_534, encoding: 'utf8' });
    expect(stdout).toBe('PERMISSION\n');
  });
});
