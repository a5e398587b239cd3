import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../../../lib/io/process/exec.ts';
import { matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const LIMIT = { timeoutMs: 20_000 };
let dir = '';
beforeEach(() => {
  dir = folderOfTest('exec');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('run', () => {
  it.each([
    ['plain', 'abc'],
    ['blanks', ' a  b '],
    ['empty', ''],
    ['quotes', `it's "so"`],
    ['variable', '$HOME ${HOME}'],
    ['command', '$(id) `id`'],
    ['glob', '*'],
    ['separators', '; reboot & | > < \n x'],
    ['backslashes', '\\n \\'],
    ['option', '-n'],
    ['history', '!!'],
    ['tilde', '~'],
    ['not-ascii', 'ä ✨ \u001b[31m'],
  ])('passes an argument on as it is: %s', async (_name, text) => {
    expect(await run(['printf', '[%s]', text, 'next'], LIMIT)).toEqual({ exitCode: 0, stdout: `[${text}][next]`, stderr: '' });
  });

  it.each([
    ['ends-badly', ['sh', '-c', 'echo out; echo err >&2; exit 7'], { exitCode: 7, stdout: 'out\n', stderr: 'err\n' }],
    ['is-killed', ['sh', '-c', 'kill -9 $$'], { exitCode: 1, stdout: '', stderr: '' }],
    ['is-not-there', ['/nonexistent/command'], { exitCode: 127, stdout: '', stderr: matching('No such file') }],
  ])('returns what became of a command that %s', async (_name, command, result) => {
    expect(await run(command, LIMIT)).toEqual(result);
  });

  it('gives no input', async () => {
    expect(await run(['cat'], LIMIT)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect((await run(['readlink', '/proc/self/fd/0'], LIMIT)).stdout).toBe('/dev/null\n');
  });

  it('writes nothing of it to our own streams', async () => {
    const err = vi.spyOn(process.stderr, 'write');
    const out = vi.spyOn(process.stdout, 'write');
    await run(['sh', '-c', 'echo out; echo err >&2; exit 1'], LIMIT);
    expect([err.mock.calls, out.mock.calls]).toEqual([[], []]);
    vi.restoreAllMocks();
  });

  it.each([
    ['BASH_ENV', (file: string) => file],
    ['ENV', (file: string) => file],
    ['HOME', (file: string) => join(file, '..')],
    ['BASH_FUNC_echo%%', () => '() { builtin echo injected; }'],
    ['SHELLOPTS', () => 'xtrace'],
    ['PS4', () => '$(echo injected >&2)'],
  ])('is not changed by %s', async (name, value) => {
    fs.writeFileSync(join(dir, 'startup'), 'echo injected\n');
    fs.writeFileSync(join(dir, '.bashrc'), 'echo injected\n');
    vi.stubEnv(name, value(join(dir, 'startup')));
    expect(await run(['echo', 'plain'], LIMIT)).toEqual({ exitCode: 0, stdout: 'plain\n', stderr: '' });
  });

  it('keeps the rest of the environment', async () => {
    vi.stubEnv('NOTIFY_SOCKET', '/run/x');
    expect((await run(['printenv', 'NOTIFY_SOCKET'], LIMIT)).stdout).toBe('/run/x\n');
  });

  it('ends a command at its time limit, with all it started', async () => {
    const fifo = join(dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // It ends when no writer is left.
    const allGone = once(fs.createReadStream(fifo).resume(), 'end');
    const command = ['sh', '-c', `exec 9> ${fifo}; trap '' TERM; sleep 1000 & wait`];
    await expect(run(command, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'STEP_FAILED', message: "'sh' was still running after 0.5 s" });
    await allGone;
  });

  it('does not wait for ever for what has left its group', async () => {
    const pid = join(dir, 'pid');
    const command = ['sh', '-c', `setsid sh -c 'echo $$ > ${pid}; exec sleep 1000' & exit 0`];
    await expect(run(command, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    process.kill(Number(fs.readFileSync(pid, 'utf8')), 'SIGKILL');
  });

  it('ends a command when it is cancelled', async () => {
    const cancel = new AbortController();
    const started = join(dir, 'started');
    const watcher = fs.watch(dir, () => {
      cancel.abort();
    });
    await expect(run(['sh', '-c', `touch ${started}; exec sleep 1000`], { ...LIMIT, signal: cancel.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    watcher.close();
    await expect(run(['touch', join(dir, 'never')], { ...LIMIT, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(fs.readdirSync(dir)).toEqual(['started']);
  });
});
