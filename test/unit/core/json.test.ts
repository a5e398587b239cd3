import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { describeIssues, parseDocument } from '../../../lib/core/json.ts';
import { matching } from '../../helpers/matchers.ts';

const Thing = z.object({ name: z.string(), sizes: z.array(z.int()).default([]) });

function parse(bytes: string | Uint8Array, maxBytes = 1000): z.infer<typeof Thing> {
  return parseDocument(Buffer.from(bytes), Thing, { what: 'the thing', maxBytes, code: 'MANIFEST_INVALID' });
}

describe('parseDocument', () => {
  it('parses what fits the schema', () => {
    expect(parse('{"name":"ä","sizes":[1],"later":true}')).toEqual({ name: 'ä', sizes: [1] });
  });

  it('takes a document of exactly the size limit', () => {
    const text = '{"name":"a"}';
    expect(parse(text, text.length)).toEqual({ name: 'a', sizes: [] });
  });

  it.each([
    ['one-byte-too-many', '{"name":"a"}', /^the thing has 12 bytes, 11 are allowed$/, 11],
    ['empty', '', /^the thing is not valid JSON: it is empty \(line 1, column 1\)$/, 100],
    ['truncated', '{"name":"a"', /is not valid JSON: it ends too early \(line 1, column 12\)$/, 100],
    ['trailing-garbage', '{"name":"a"}x', /there is text after its end \(line 1, column 13\)$/, 100],
    ['trailing-comma', '{\n  "name": "a",\n}', /there is a comma too many before '\}' \(line 3, column 1\)$/, 100],
    ['byte-order-mark', '\uFEFF{"name":"a"}', /it begins with a byte order mark; remove it \(line 1, column 1\)$/, 100],
    ['comment', '{"name":"a"}//', /there is a comment, which JSON does not have \(line 1, column 13\)$/, 100],
    ['captive-portal', '<!doctype html><title>Wi-Fi</title>', /it begins with '<', as a web page does \(line 1, column 1\)$/, 100],
    ['nul-bytes', '\0\0\0\0', /'\\u0000' is not expected there \(line 1, column 1\)$/, 100],
    ['key-twice', '{"name":"good","name":"evil"}', /^the thing is refused: the key 'name' appears twice in one object$/, 100],
    ['nested-too-deep', `{"name":"a","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, /is nested more than 64 levels/, 1_000_000],
    ['wrong-type', '{"name":1}', /^the thing is invalid: 'name' is 1: must be a text$/, 100],
    ['missing-key', '{}', /'name'/, 100],
    ['null', 'null', /must be a table of keys and values/, 100],
    ['wrong-element', '{"name":"a","sizes":[1,2.5]}', /'sizes\[1\]' is 2\.5: must be a whole number/, 100],
  ])('refuses %s', (_name, text, says, maxBytes) => {
    expect(() => parse(text, maxBytes)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching(says) }));
  });

  it.each([
    ['lone-continuation-byte', [0x80]],
    ['overlong-slash', [0xc0, 0xaf]],
    ['truncated-sequence', [0xe2, 0x82]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['latin-1', [0xe4]],
  ])('refuses invalid UTF-8: %s', (_name, bytes) => {
    const text = Buffer.concat([Buffer.from('{"name":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(() => parse(text)).toThrow('the thing is not valid JSON: it is not UTF-8, but perhaps Latin-1 (line 1, column 10)');
  });

  it('keeps the cause', () => {
    let thrown: unknown;
    try {
      parse('{');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toHaveProperty('cause.name', 'SyntaxError');
  });
});

describe('describeIssues', () => {
  const issues = (value: unknown, schema: z.ZodType, withValue = false): string => {
    const result = schema.safeParse(value);
    return result.success ? '' : describeIssues(result.error, withValue ? value : undefined);
  };

  it('names at most three keys', () => {
    const many = z.object({ a: z.string(), b: z.string(), c: z.string(), d: z.string(), e: z.string() });
    expect(issues({}, many)).toMatch(/^'a': [^;]+; 'b': [^;]+; 'c': [^;]+; and 2 more$/);
  });

  it('names the way to a key', () => {
    const nested = z.object({ a: z.array(z.object({ b: z.tuple([z.string()]) })) });
    expect(issues({ a: [{ b: ['x'] }, { b: [1] }] }, nested)).toMatch(/^'a\[1\]\.b\[0\]': /);
    expect(issues([1], z.array(z.string()))).toMatch(/^'\[0\]': /);
  });

  it.each([
    ['string', { a: 'x\u001b[2J' }, `'a' is "x\\u001b[2J": no`],
    ['number', { a: -1 }, `'a' is -1: no`],
    ['boolean', { a: false }, `'a' is false: no`],
    ['bigint', { a: 1n }, `'a' is 1: no`],
    ['missing', {}, `'a' is missing: no`],
    ['object', { a: {} }, `'a': no`],
    ['date', { a: new Date(0) }, `'a': no`],
    ['null', { a: null }, `'a': no`],
    ['password-in-an-address', { a: 'https://me:secret@example.org/x' }, `'a' is "https://***@example.org/x": no`],
  ])('shows the value when it is given: %s', (_name, value, says) => {
    expect(issues(value, z.object({ a: z.never({ error: 'no' }) }), true)).toBe(says);
  });
});
