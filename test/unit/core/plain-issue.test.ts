import { expect, it } from 'vitest';
import * as z from 'zod';
import { plainIssue } from '../../../lib/core/plain-issue.ts';

it.each<[string, z.ZodType, unknown, string]>([
  ['missing', z.object({ a: z.string() }), {}, 'must be a text'],
  ['number', z.int(), 1.5, 'must be a whole number'],
  ['list', z.array(z.string()), {}, 'must be a list'],
  ['table', z.object({}), [], 'must be a table of keys and values'],
  ['choice', z.enum(['a', 'b']), 'c', 'must be one of "a", "b"'],
  ['one-value', z.literal('static'), 'c', 'must be "static"'],
  ['short-text', z.string().min(1), '', 'must have at least 1 character'],
  ['long-list', z.array(z.string()).max(2), ['a', 'b', 'c'], 'must have at most 2 entries'],
  ['small', z.number().positive(), 0, 'must be more than 0'],
  ['large', z.number().max(10), 11, 'must be at most 10'],
  ['time', z.iso.datetime({ offset: true }), 'yesterday', 'must be a time such as 2026-11-20T10:00:00Z'],
  ['pattern', z.string().regex(/^a$/), 'b', 'has the wrong format'],
  ['unknown-key', z.strictObject({}), { x: 1 }, 'unknown key x'],
  ['own-words', z.string({ error: 'must be a name' }), 5, 'must be a name'],
])('says in plain words: %s', (_name, schema, value, says) => {
  expect(schema.safeParse(value, { error: plainIssue }).error?.issues[0]?.message).toBe(says);
});
