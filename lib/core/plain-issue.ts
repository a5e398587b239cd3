/**
 * What zod finds, in words for people who write manifests, lists and configuration, and not for those who write schemas. Given
 * to each parse as its `error`; a schema that says it in words of its own comes first.
 */
import type * as z from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a table of keys and values',
  record: 'a table of keys and values',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time such as 2026-11-20T10:00:00Z',
  url: 'an address such as https://updates.example.org/pikit',
  safeint: 'a whole number below 2^53',
};

/** A sentence that goes on after `'key' is "value": `; undefined where zod's own is all there is. */
export function plainIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1 ? `must be ${shown(issue.values[0])}` : `must be one of ${issue.values.map(shown).join(', ')}`;
    case 'too_small':
      return `must ${amount(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${amount(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'invalid_format':
      return FORMATS[issue.format] === undefined ? 'has the wrong format' : `must be ${FORMATS[issue.format] ?? ''}`;
    case 'not_multiple_of':
      return 'must be a whole number';
    case 'unrecognized_keys':
      return `unknown key ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return 'is in none of the allowed forms';
    case 'custom':
    case 'invalid_key':
    case 'invalid_element':
    default:
      return undefined;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}

function amount(origin: string, limit: string, number: number | bigint): string {
  if (origin === 'string') return `have ${limit} ${String(number)} ${number === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'set') return `have ${limit} ${String(number)} ${number === 1 ? 'entry' : 'entries'}`;
  return `be ${limit} ${String(number)}`;
}
