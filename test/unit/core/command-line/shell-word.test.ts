import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { confirmCommand } from '../../../../lib/core/offer/foreign-files.ts';
import { toUpdateError } from '../../../../lib/core/errors.ts';
import { shellWord, shellWords } from '../../../../lib/core/command-line/shell-word.ts';
import { lockedError } from '../../../../lib/transaction/plan/unreplaceable.ts';

const WORDS: readonly (readonly [string, string, string])[] = [
  ['plain', '/usr/local/bin/pikit-api.py', '/usr/local/bin/pikit-api.py'],
  ['signs-that-mean-nothing', '/w/a@b%c+d=e:f,g_h-1.2', '/w/a@b%c+d=e:f,g_h-1.2'],
  ['blank', '/w/my page.html', "'/w/my page.html'"],
  ['single-quote', "/w/it's", "'/w/it'\\''s'"],
  ['only-a-quote', "'", "''\\'''"],
  ['double-quote', '/w/"a"', `'/w/"a"'`],
  ['brackets', '/w/[id](1){2}', "'/w/[id](1){2}'"],
  ['globs', '/w/*?', "'/w/*?'"],
  ['variable-and-command', '/w/$HOME`id`$(id)', "'/w/$HOME`id`$(id)'"],
  ['lists', '/w/a;b&c|d<e>f', "'/w/a;b&c|d<e>f'"],
  ['backslash-and-history', '/w/a\\b!c', "'/w/a\\b!c'"],
  ['home-and-comment', '~#', "'~#'"],
  ['letters-of-any-script', '/w/größe', "'/w/größe'"],
  ['nothing', '', "''"],
];

describe('shellWord', () => {
  it.each(WORDS)('%s', (_name, text, word) => {
    expect(shellWord(text)).toBe(word);
  });

  it('comes out of a shell as it went in', () => {
    const texts = WORDS.map(([, text]) => text);
    const said = execFileSync('sh', ['-c', `printf '%s\\n' ${shellWords(texts)}`], { encoding: 'utf8' });
    expect(said.split('\n').slice(0, -1)).toEqual(texts);
  });
});

/** Every hint with a command. The text between backticks or after a sign of its own is what the owner types. */
describe('a hint that names a path with a blank, a quote and a bracket', () => {
  const path = "/w/it's [a]";
  const word = "'/w/it'\\''s [a]'";

  it.each<[string, string | null, string]>([
    ['apply --replace', confirmCommand([path]), `apply --replace ${word}`],
    ['chattr', lockedError([{ path, attribute: 'i' }])?.hint ?? null, `chattr -i ${word}`],
    ['namei', toUpdateError(Object.assign(new Error('closed'), { code: 'EACCES', path })).hint, `namei -l ${word}`],
  ])('%s', (_name, hint, command) => {
    expect(hint).toContain(command);
  });
});
