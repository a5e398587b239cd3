/** What a person sees and types when keys are made and used, on a real terminal. */
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { shellWord } from '../../../../lib/core/command-line/shell-word.ts';
import type { PseudoTerminal } from '../../../helpers/pseudo-terminal.ts';
import { CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, onTerminal } from '../../../helpers/pseudo-terminal.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const PROGRAM = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist', 'pikit-release.js');
const PASSPHRASE = 'correct horse battery staple';
const NEW = 'new passphrase for the keys: ';
const AGAIN = 'the same again: ';

const dir = useTempDir();
const site = (): string => join(dir(), 'site');

/** A command with its exit code, between two looks at the settings of the terminal. */
function release(args: string): PseudoTerminal {
  const command = `${shellWord(process.execPath)} ${shellWord(PROGRAM)} ${args} --site ${shellWord(site())}`;
  return onTerminal(`stty -g; ${command}; echo "exit $?"; stty -g`);
}

/** Whether the terminal is as it was before the command. */
function isRestored(terminal: PseudoTerminal): boolean {
  const settings = terminal.shown().match(/^[0-9a-f]+(?::[0-9a-f]+){10,}$/gm) ?? [];
  return settings.length === 2 && settings[0] === settings[1];
}

async function makeSite(): Promise<PseudoTerminal> {
  const terminal = release('init');
  await terminal.saw(NEW);
  terminal.type(`${PASSPHRASE}\n`);
  await terminal.saw(AGAIN);
  terminal.type(`${PASSPHRASE}\n`);
  await terminal.ended();
  return terminal;
}

it('takes a passphrase that it does not show, twice for new keys and once for those that are there', async () => {
  const made = await makeSite();
  expect(made.shown()).toContain('exit 0');
  const used = release('refresh');
  await used.saw(`passphrase of the key '${site()}-keys/online.pem': `);
  used.type('mistyped\n');
  await expect.poll(() => used.shown().split('passphrase of').length).toBe(3);
  // The terminal edits the line, as it does any other.
  used.type(`${PASSPHRASE}x\u007f\n`);
  await used.ended();
  expect(used.shown()).toContain('exit 0');
  for (const terminal of [made, used]) {
    expect(terminal.shown()).not.toMatch(/correct|mistyped/);
    expect(isRestored(terminal)).toBe(true);
  }
});

it('refuses two that differ, and has made nothing', async () => {
  const terminal = release('init');
  await terminal.saw(NEW);
  terminal.type(`${PASSPHRASE}\n`);
  await terminal.saw(AGAIN);
  terminal.type(`${PASSPHRASE}!\n`);
  await terminal.ended();
  expect(terminal.shown()).toMatch(/error: the two passphrases differ\nhint: run it again\nexit 1\n/);
  expect([fs.existsSync(site()), isRestored(terminal)]).toEqual([false, true]);
});

it.each([
  ['Ctrl-C', CTRL_C],
  ['Ctrl-C in the middle', `correct${CTRL_C}`],
  ['Ctrl-\\', CTRL_BACKSLASH],
  ['Ctrl-D', CTRL_D],
  ['Ctrl-Z, which does nothing, and Ctrl-C', `${CTRL_Z}${CTRL_C}`],
])('is left by %s, with the terminal as it was', async (_name, keys) => {
  const terminal = release('init');
  await terminal.saw(NEW);
  terminal.type(keys);
  await terminal.ended();
  expect(terminal.shown()).toMatch(/error: stopped while asking for a passphrase\nhint: run it again, and it goes on where it was\nexit 1\n/);
  expect([isRestored(terminal), terminal.shown().includes('correct')]).toEqual([true, false]);
  expect((await makeSite()).shown()).toContain('exit 0');
});
