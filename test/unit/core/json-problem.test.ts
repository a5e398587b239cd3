import { expect, it } from 'vitest';
import { jsonProblem, positionOf } from '../../../lib/core/json-problem.ts';

it.each(['{}', '[]', '1', '"a"', ' {"a": [1, -2.5e+3, true, null, {"b": "\\u0041\\n"}]} \n', '[[],{},""]'])('finds nothing wrong with %s', (text) => {
  expect(jsonProblem(text)).toBeNull();
});

it.each([
  ['trailing-comma-in-a-list', '[1,\n 2,\n]', "there is a comma too many before ']' (line 3, column 1)"],
  ['missing-comma', '{"a": 1\n "b": 2}', 'a comma is missing (line 2, column 2)'],
  ['single-quotes', "{'a': 1}", 'there is a text in \' instead of " (line 1, column 2)'],
  ['comment', '{\n// x\n}', 'there is a comment, which JSON does not have (line 2, column 1)'],
  ['open-text', '{"a": "b\n}', 'there is a text that does not end, or has a line break or an unknown \\ in it (line 1, column 7)'],
  ['wrong-bracket', '[1}', "'}' is not expected there (line 1, column 3)"],
  ['key-without-quotes', '{a: 1}', "'a' is not expected there (line 1, column 2)"],
  ['leading-zero', '[01]', "'1' is not expected there (line 1, column 3)"],
  ['two-values', '{} {}', 'there is text after its end (line 1, column 4)'],
  ['not-closed', '{"a": [1, 2', 'it ends too early (line 1, column 12)'],
])('names what is wrong, and where: %s', (_name, text, says) => {
  expect(() => {
    JSON.parse(text);
  }).toThrow();
  expect(jsonProblem(text)).toBe(says);
});

it('counts lines and columns from one', () => {
  expect(positionOf('ab\nc', 0)).toEqual({ line: 1, column: 1 });
  expect(positionOf('ab\nc', 3)).toEqual({ line: 2, column: 1 });
});
