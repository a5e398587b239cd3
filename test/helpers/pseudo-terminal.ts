/** A program on a pseudo-terminal of its own (`script` of util-linux), and a person who types. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { sameClock } from './faketime.ts';

export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';
export const CTRL_Z = '\u001a';
export const CTRL_BACKSLASH = '\u001c';

export interface PseudoTerminal {
  /** All that the terminal has shown until now, with `\n` for the end of a line. */
  shown: () => string;
  /** Waits until it has shown a text. */
  saw: (text: string) => Promise<void>;
  type: (keys: string) => void;
  /** Waits for the end of the program, and returns its exit code. */
  ended: () => Promise<number | null>;
}

/** Runs a command line of the shell there. */
export function onTerminal(command: string, env: Readonly<Record<string, string>> = {}): PseudoTerminal {
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'dumb', SHELL: '/bin/sh', ...sameClock(), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const shown = (): string => text.replaceAll('\r', '');
  return {
    shown,
    saw: async (part) => {
      await expect.poll(shown).toContain(part);
    },
    type: (keys) => void child.stdin.write(keys),
    ended: async () => {
      await exit;
      return child.exitCode;
    },
  };
}
