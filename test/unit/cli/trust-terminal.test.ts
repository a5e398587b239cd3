/** `pikit-update trust FILE` on a real terminal: what the owner sees, and what an answer does. */
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { shellWord } from '../../../lib/core/command-line/shell-word.ts';
import type { PseudoTerminal } from '../../helpers/pseudo-terminal.ts';
import { CTRL_C, CTRL_D, onTerminal } from '../../helpers/pseudo-terminal.ts';
import { useTempDir } from '../../helpers/temp.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';

const PROGRAM = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist', 'pikit-update.js');
const QUESTION = 'Trust this root from now on? Compare the fingerprints first with those that the maker of the releases told you. [y/N] ';

const dir = useTempDir();
const trusted = (): string => join(dir(), 'etc/pikit/trust/root.json');

/** The command, at its question. */
async function asked(): Promise<PseudoTerminal> {
  fs.mkdirSync(join(dir(), 'etc/pikit'), { recursive: true });
  fs.writeFileSync(join(dir(), 'etc/pikit/update.toml'), '[source]\ntype = "static"\nurl = "http://127.0.0.1:9/"\n[services]\nmanager = "none"\n');
  const file = join(dir(), 'given.json');
  fs.writeFileSync(file, tufRepository({}).initialRoot);
  const command = [process.execPath, PROGRAM, 'trust', file].map(shellWord).join(' ');
  const terminal = onTerminal(`stty -g; ${command}; echo "exit $?"; stty -g`, { PIKIT_ROOT: dir() });
  await terminal.saw(QUESTION);
  expect([terminal.shown().includes('SHA256:'), fs.existsSync(trusted())]).toEqual([true, false]);
  return terminal;
}

it.each([
  ['y', 'y\n', 0, 'this device trusts root 1 now'],
  ['yes, as people write it', ' Yes\n', 0, 'this device trusts root 1 now'],
  ['no', 'n\n', 1, 'nothing was changed'],
  ['nothing', '\n', 1, 'nothing was changed'],
  ['what is no answer', 'yess\n', 1, 'nothing was changed'],
  ['Ctrl-C', CTRL_C, 1, 'error: stopped before anything was changed'],
  ['Ctrl-D', CTRL_D, 1, 'error: stopped before anything was changed'],
])('takes %s for an answer', async (_name, keys, exit, says) => {
  const terminal = await asked();
  terminal.type(keys);
  await terminal.ended();
  const text = terminal.shown();
  expect(text).toContain(says);
  expect(text).toContain(`\nexit ${String(exit)}\n`);
  expect(fs.existsSync(trusted())).toBe(exit === 0);
  const settings = text.match(/^[0-9a-f]+(?::[0-9a-f]+){10,}$/gm) ?? [];
  expect(settings).toEqual([settings[0], settings[0]]);
});
