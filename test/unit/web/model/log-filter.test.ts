import { expect, it } from 'vitest';
import type { LogLine } from '../../../../lib/core/http-api/api-answers.ts';
import { filterLines, levelOf, logText } from '../../../../web/model/log-filter.ts';
import { readMockStates } from '../../../helpers/played.ts';

const LINES: LogLine[] = readMockStates().journal.map((line, index) => ({
  ...line,
  cursor: String(index),
  time: `2026-11-22T09:00:${String(index).padStart(2, '0')}.000Z`,
}));

it('shows lines that have the text in the message or the unit, in whatever case', () => {
  expect(filterLines(LINES, { text: ' DOWNLOADED ', errorsOnly: false }).map(({ message }) => message)).toEqual(['1.5.0 is downloaded and verified']);
  expect(filterLines(LINES, { text: 'rollback', errorsOnly: false })).toHaveLength(1);
  expect(filterLines(LINES, { text: '', errorsOnly: false })).toEqual(LINES);
  expect(filterLines(LINES, { text: '.*', errorsOnly: false })).toEqual([]);
});

it('shows errors only when that is wanted', () => {
  expect(filterLines(LINES, { text: '', errorsOnly: true }).map(({ message }) => message)).toEqual(["'http://127.0.0.1/' answered 500"]);
  expect(filterLines(LINES, { text: 'nothing like it', errorsOnly: true })).toEqual([]);
});

it('knows errors and warnings as syslog does', () => {
  expect([0, 3, 4, 5, 7].map((priority) => levelOf({ priority }))).toEqual(['error', 'error', 'warning', 'info', 'info']);
});

it('copies lines as text that does nothing where it is pasted', () => {
  expect(logText(LINES.slice(-1))).toBe(
    '2026-11-22T09:00:12.000Z rollback: \u241b[31mescapes\u241b[0m, <b>markup</b>\nand a second line: shown as text\n',
  );
  expect(logText(LINES.slice(0, 2)).split('\n')).toHaveLength(3);
});
