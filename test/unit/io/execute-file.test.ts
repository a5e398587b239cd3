import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executeFile } from '../../../lib/io/execute-file.ts';

let dir = '';
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'pikit-execute-'));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

function script(text: string, mode = 0o755): string {
  const file = join(dir, 'a script; with $odd "characters"');
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode });
  return file;
}

describe('executeFile', () => {
  it('hands arguments over as they are, and returns the exit code and both streams', async () => {
    const file = script('printf "%s|" "$@"; echo oops >&2; exit 3');
    expect(await executeFile([file, '$(id)', 'a b', '`x`', '*'], { timeoutMs: 10_000 })).toEqual({
      exitCode: 3,
      stdout: '$(id)|a b|`x`|*|',
      stderr: 'oops\n',
    });
  });

  it('gives no input', async () => {
    expect(await executeFile([script('cat')], { timeoutMs: 10_000 })).toMatchObject({ exitCode: 0, stdout: '' });
  });

  it('says so when the file cannot be run', async () => {
    await expect(executeFile([script('exit 0', 0o644)], { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });

  it('ends a command that does not end, with all it started', async () => {
    const fifo = join(dir, 'never');
    const file = script(`mkfifo ${fifo}; (cat ${fifo}; echo late > ${join(dir, 'late')}) & cat ${fifo}`);
    await expect(executeFile([file], { timeoutMs: 300 })).rejects.toMatchObject({ code: 'DEADLINE' });
    expect(fs.existsSync(join(dir, 'late'))).toBe(false);
  });

  it('is CANCELLED by the signal, before and during', async () => {
    const stop = new AbortController();
    const running = executeFile([script('echo started; exec sleep 60')], { timeoutMs: 60_000, signal: stop.signal });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(executeFile([script('exit 0')], { timeoutMs: 60_000, signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
