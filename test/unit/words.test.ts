/** Words that do not come back: in texts, docs, comments and names of tests the thing is named, and the reader is "you". */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, it } from 'vitest';

const WORDS = /\b(?:[Ww]hoever|[Ww]homever|[Nn]obody|[Ss]omebody|WHOEVER|SOMEBODY)\b/;
/** The user `nobody` of every Linux; tests call its id NOBODY. */
const USER = /'nobody'|--uid=nobody|the user nobody/g;

/** English puts no space before it; `%i` of systemd and `%s` of a format are something else. */
const SPACED_PERCENT = /(?:\d|\d\}|\)\}) %(?![a-z{(])/i;

/** German has the space. */
const GERMAN = 'web/strings/de.ts';

const read = execFileSync('git', ['ls-files', 'lib', 'scripts', 'units', 'web', 'docs', 'test', '*.md', ':!test/unit/words.test.ts'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => /\.(?:ts|css|html|json|md|py|conf|service|socket|timer|tmpfiles|sysusers|rules)$/.test(path) && fs.existsSync(path))
  .map((path) => ({ path, lines: fs.readFileSync(path, 'utf8').split('\n') }));

function found(pattern: RegExp): string[] {
  return read.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => (pattern.test(line.replaceAll(USER, '')) ? [`${path}:${String(at + 1)}: ${line.trim()}`] : [])),
  );
}

it('names who does something', () => {
  expect(read.length).toBeGreaterThan(400);
  expect(found(WORDS)).toEqual([]);
});

it('writes 45%, not 45 %, in English', () => {
  expect(found(SPACED_PERCENT).filter((line) => !line.startsWith(GERMAN))).toEqual([]);
});
