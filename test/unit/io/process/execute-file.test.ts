import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { executeFile } from '../../../../lib/io/process/execute-file.ts';
import { containing } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let dir = '';
beforeEach(() => {
  dir = folderOfTest('execute');
});

function script(text: string, mode = 0o755): string {
  const file = join(dir, 'a script; with $odd "characters"');
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode });
  return file;
}

describe('executeFile', () => {
  it('hands arguments over as they are, and returns the exit code and what it wrote', async () => {
    const file = script('printf "%s|" "$@"; echo oops >&2; exit 3');
    expect(await executeFile([file, '$(id)', 'a b', '`x`', '*'], { timeoutMs: 10_000 })).toEqual({
      exitCode: 3,
      signal: null,
      why: null,
      output: containing('$(id)|a b|`x`|*|'),
    });
  });

  it('gives no input', async () => {
    expect(await executeFile([script('cat')], { timeoutMs: 10_000 })).toMatchObject({ exitCode: 0, output: '' });
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
