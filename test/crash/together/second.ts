/** A program that comes while another one is at work: it waits for its turn, or is turned away when it has no time. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fingerprint } from '../../helpers/tree.ts';
import type { Ended, Point, Program, Running } from '../kill/strace.ts';
import { runProgram, startProgram, stopAt } from '../kill/strace.ts';

/** The programs have deadlines of their own; one that does not keep to them fails its test, and not the whole run. */
export const DEADLINE_MS = 60_000;

const BUSY_EXIT = 75;

/** The real flock(1), but what it is told to wait for is 50 ms: the clock is all that is not real here. */
const FLOCK = `#!/bin/sh
before=
for word do
  shift
  [ "$before" = -w ] && word=0.05
  set -- "$@" "$word"
  before=$word
done
exec FLOCK "$@"
`;

/** The environment of a program that has no time. The folder must not be there yet. */
export function inHurry(dir: string): Record<string, string> {
  const flock = execFileSync('sh', ['-c', 'command -v flock'], { encoding: 'utf8' }).trim();
  fs.mkdirSync(dir);
  fs.writeFileSync(`${dir}/flock`, FLOCK.replace('FLOCK', flock), { mode: 0o755 });
  return { PATH: `${dir}:${process.env['PATH'] ?? ''}` };
}

/** Starts a program while another one holds the lock, and answers when it says that it waits. */
export async function waiting(program: Program, root: string): Promise<Running> {
  const running = startProgram(program, root, { killAfterMs: DEADLINE_MS });
  await running.said(/^another step is running: waiting for it, at most \d+ s$/m);
  return running;
}

/** Throws unless a program that has no time is turned away, with a reason and a hint. */
export async function assertTurnedAway(program: Program, root: string, hurry: Readonly<Record<string, string>>): Promise<void> {
  const ended = await runProgram(program, root, { env: hurry, killAfterMs: DEADLINE_MS });
  assert.equal(ended.code, BUSY_EXIT, ended.text);
  assert.match(
    ended.text,
    /waiting for it, at most \d+ s\n[^]*another update step is running \('.*\/run\/pikit-update\.lock' is locked(?: by \w+, process \d+)?\) \[BUSY\]\n/,
  );
  assert.match(ended.text, /^hint: /m);
}

interface Meeting {
  first: Program;
  /** Where the first is stopped. */
  at: Point;
  /** Comes then, and answers the program that waits. */
  come: () => Promise<Running>;
  /** What happens to the first before it goes on. */
  then?: (pid: number) => void;
}

/** Runs two programs at the same time, both to their ends. Throws when the second changes anything before it has the lock. */
export async function meet(root: string, { first, at, come, then = () => undefined }: Meeting): Promise<Ended[]> {
  const waiting: Running[] = [];
  const ended: Ended[] = [];
  try {
    const stopped = await stopAt(first, root, at, async (pid) => {
      const before = fingerprint(root);
      waiting.push(await come());
      assert.deepEqual(fingerprint(root), before, 'who does not have the lock has changed something');
      then(pid);
    });
    ended.push(stopped);
  } finally {
    for (const second of waiting) ended.push(await second.ended);
  }
  return ended;
}
