/** docs/journal.md has the tables of the code: every event, every error code, and nothing else. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../../lib/core/error-codes.ts';
import { EVENTS } from '../../../lib/core/events.ts';
import { TRUST_WORDS } from '../../../lib/core/trust/trust-words.ts';

const PAGE = fs.readFileSync('docs/journal.md', 'utf8');

/** The cells of the table below a heading, without its head. */
function rows(page: string, heading: string): string[][] {
  const text = page.slice(page.indexOf(`${heading}\n`)).split(/\n#+ /)[0] ?? '';
  return text
    .split('\n')
    .filter((line) => /^\| [^-]/.test(line))
    .slice(1)
    .map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim())); // prettier-ignore
}

const asCommand = (text: string): string => text.replaceAll(/"(pikit-update[^"]*|dmesg)"/g, '`$1`');

it('has every event, with the words of the catalog', () => {
  const wanted = Object.entries(EVENTS).map(([name, { id, happened, safe, todo }]) => [
    `\`${name}\``,
    `\`${id}\``,
    ...[happened, safe, todo].map(asCommand),
  ]);
  expect(rows(PAGE, '# Events')).toEqual(wanted);
  expect(PAGE).toContain(`MESSAGE_ID=${EVENTS.failed.id}`);
});

it('has every error code with its meaning', () => {
  expect(rows(PAGE, '# Error codes')).toEqual(Object.entries(ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]));
});

it('has the plain words of every code about signatures', () => {
  const wanted = Object.entries(TRUST_WORDS).map(([code, { what, todo }]) => [`\`${code}\``, what, todo]);
  expect(rows(PAGE, '## What a code about signatures means')).toEqual(wanted);
});

it('says the same of a code as docs/api.md', () => {
  const found = rows(fs.readFileSync('docs/api.md', 'utf8'), '### How a run can end').map(([code = '', , , meaning]) => [
    code.replaceAll('`', ''),
    meaning,
  ]);
  expect(found.length).toBeGreaterThan(40);
  const known = new Map<string, string>(Object.entries(ERROR_CODES));
  expect(found).toEqual(found.map(([code = '']) => [code, known.get(code)]));
});
