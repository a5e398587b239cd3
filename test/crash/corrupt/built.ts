/** The programs as they are installed, run on a device, as run.ts runs them in this process. */
import assert from 'node:assert/strict';
import type { Device } from '../../helpers/device.ts';
import { run } from '../../helpers/device.ts';
import { runProgram } from '../kill/strace.ts';
import type { Ended, Program } from './run.ts';
import { isShown } from './run.ts';

/** Nothing here has to wait for anybody. */
const KILL_AFTER_MS = 60_000;
const STACK = /^ {4}at .+:\d+:\d+\)?$/m;

/** Throws unless it ended by itself, without a stack, and with a code if it failed. */
export async function runBuilt(program: Program, on: Device): Promise<Ended> {
  if (isShown(program)) {
    const { code, out, err } = await run('pikit-update', on.root, { args: [program, '--json'] });
    assertOrderly(code, out + err);
    return {
      code: code === 0 ? null : codeIn(/"code": "([A-Z_]+)"/, out),
      outcome: code === 0 ? 'shown' : 'failed',
      said: [...err.split('\n'), `result: ${out}`],
    };
  }
  const { code, text } = await runProgram(program, on.root, { killAfterMs: KILL_AFTER_MS });
  assertOrderly(code, text);
  const said = text.split('\n').map((line) => (/^(?:warning|error|hint): /.test(line) ? line : `result: ${line}`));
  const result = on.files.readState().last_result;
  if (code !== 0) return { code: codeIn(/^error: .* \[([A-Z_]+)\]$/m, text), outcome: 'failed', said };
  assert.ok(result !== null && result.step === program && result.outcome !== 'cancelled' && result.outcome !== 'broken', text);
  return { code: null, outcome: result.outcome, said };
}

function assertOrderly(code: number | string, text: string): void {
  assert.equal(typeof code, 'number', `it ended by ${String(code)}:\n${text}`);
  assert.ok(!STACK.test(text), `a stack:\n${text}`);
}

function codeIn(pattern: RegExp, text: string): string {
  return pattern.exec(text)?.[1] ?? 'NONE';
}
