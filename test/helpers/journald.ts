/** A real systemd-journald with a journal of its own, in a namespace where its /run is a folder of the test. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { temporary } from './device.ts';
import { withoutClock } from './faketime.ts';

const JOURNALD = '/lib/systemd/systemd-journald';
const WRITER = `process.stdin.pipe(require('node:net').connect(process.argv[1])).resume()`;

/** Whether one can run here: it takes root, and systemd's programs. */
export const hasJournald =
  fs.existsSync(JOURNALD) && spawnSync('unshare', ['-m', 'true']).status === 0 && spawnSync('journalctl', ['--version']).status === 0;

export interface Journald {
  /** A folder for PATH, with a journalctl that reads this journal. */
  bin: string;
  /** Writes lines as a unit's process does; a line may begin with `<3>`. Resolves when they are in the journal. */
  write: (from: { identifier: string; unit: string }, ...lines: string[]) => Promise<void>;
  /** Writes as another user (the user nobody by default), who has no unit. */
  forge: (identifier: string, text: string, uid?: number) => void;
}

/** Starts one, and ends it with the test. */
export async function journald(): Promise<Journald> {
  const dir = temporary();
  const run = join(dir, 'run');
  const stdout = join(run, 'systemd/journal/stdout');
  fs.mkdirSync(join(run, 'systemd/journal'), { recursive: true });
  for (const at of [dir, run, join(run, 'systemd'), join(run, 'systemd/journal')]) fs.chmodSync(at, 0o755);
  fs.mkdirSync(join(dir, 'bin'));
  const journalctl = spawnSync('sh', ['-c', 'command -v journalctl'], { encoding: 'utf8' }).stdout.trim();
  fs.writeFileSync(join(dir, 'bin/journalctl'), `#!/bin/sh\nexec env -u LD_PRELOAD ${journalctl} --directory=${run}/log/journal "$@"\n`, {
    mode: 0o755,
  });
  const child = spawn('unshare', ['-m', 'sh', '-c', `mount --bind ${run} /run && exec ${JOURNALD}`], { stdio: 'ignore', env: withoutClock() });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await vi.waitFor(
    async () => {
      expect(await connects(stdout)).toBe(true);
    },
    { timeout: 120_000 },
  );
  return {
    bin: join(dir, 'bin'),
    write: async ({ identifier, unit }, ...lines) => {
      // The header that systemd itself sends for `StandardOutput=journal`; a process of its own, for journald remembers whose pid was whose.
      const text = `${identifier}\n${unit}\n6\n1\n0\n0\n0\n${lines.map((line) => `${line}\n`).join('')}`;
      const child = spawn(process.execPath, ['-e', WRITER, stdout], { stdio: ['pipe', 'ignore', 'inherit'] });
      child.stdin.end(text);
      await once(child, 'exit');
    },
    forge: (identifier, text, uid = 65534) => {
      spawnSync('logger', ['-u', join(run, 'systemd/journal/dev-log'), '-t', identifier, text], { uid });
    },
  };
}

/** It listens only some time after its socket is there. */
function connects(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
