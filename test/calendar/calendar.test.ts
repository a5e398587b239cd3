/**
 * The suites of this project on other days: everything that they run has a clock that is ahead, by libfaketime. Nothing may
 * depend on the day on which it is tested: no certificate, no cookie, no date in a fixture, no year with two digits.
 *
 * Chromium does not run under libfaketime: it has the clock of the machine, and its pages are told the other one. The monotonic
 * clock is left alone, so that timers and deadlines work. Files have the time of the kernel, which libfaketime would move with
 * each stat(2): NO_FAKE_STAT.
 *
 * Left out are the tests that set clocks of their own (test/crash/clock): they do so from any day.
 *
 * `npm test` runs what fits its time; `npm run test:calendar` all of it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { noFaketime, withClockAhead } from '../helpers/faketime.ts';

interface Suite {
  name: string;
  command: readonly string[];
  /** Whether `npm test` runs it, with the clock furthest ahead. */
  isShort: boolean;
}

const vitest = (...args: readonly string[]): string[] => [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=2', ...args];

/** Below test/unit/: folders, or the beginnings of files. */
const ABOUT_TIME = ['core', 'mock', 'web', 'io/http/document', 'steps/check'];

const SUITES: readonly Suite[] = [
  { name: 'the demo', command: [process.execPath, 'dist/demo.js'], isShort: true },
  { name: 'the widget in a dashboard', command: vitest('--project', 'web', 'test/web/embed.test.ts'), isShort: true },
  {
    name: 'what has to do with time, certificates and caches',
    command: vitest('--project', 'unit*', ...ABOUT_TIME.map((name) => `test/unit/${name}`)),
    isShort: true,
  },
  { name: 'units', command: vitest('--project', 'unit*'), isShort: false },
  { name: 'attacks', command: vitest('--project', 'attack'), isShort: false },
  { name: 'the browser', command: vitest('--project', 'web'), isShort: false },
  { name: 'some of the crash tests', command: vitest('--project', 'crash', 'test/crash/corrupt', 'test/crash/calls/kill'), isShort: false },
];

const DAYS = [400, 3653];
const isWhole = process.env['PIKIT_CALENDAR'] === 'all';
const days = isWhole ? DAYS : DAYS.slice(-1);
const suites = SUITES.filter(({ isShort }) => isWhole || isShort);

async function run(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; said: string }> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return { code: child.exitCode, said };
}

it.each(ABOUT_TIME)('names tests that are there: %s', (name) => {
  expect(fs.existsSync(`test/unit/${name}`) || fs.existsSync(`test/unit/${name}.test.ts`)).toBe(true);
});

describe.skipIf(noFaketime() !== null).each(days)('%i days ahead', (ahead) => {
  it('is what a process has for its clock', async () => {
    const { said } = await run([process.execPath, '-p', 'Date.now()'], withClockAhead(ahead));
    expect(Math.round((Number(said) - Date.now()) / 86_400_000)).toBe(ahead);
  });

  it.each(suites)('$name', async ({ command }) => {
    const { code, said } = await run(command, withClockAhead(ahead));
    expect(code, said).toBe(0);
  });
});
