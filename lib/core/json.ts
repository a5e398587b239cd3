import type * as z from 'zod';
import type { ErrorCode } from './errors.ts';
import { UpdateError } from './errors.ts';
import { jsonProblem, placeOf } from './json-problem.ts';
import { plainIssue } from './plain-issue.ts';
import { quotable } from './release-path.ts';
import { looseness } from './strict-json.ts';

/** Limits of one JSON document from outside. */
export interface DocumentLimits {
  what: string;
  maxBytes: number;
  code: ErrorCode;
}

/**
 * Parses bytes from outside into a type: size limit, strict UTF-8 (JSON.parse alone would read U+FFFD for broken bytes),
 * JSON without a key twice or bottomless nesting, then the schema. Throws `limits.code` with a message that names the key,
 * and leaves nothing behind.
 */
export function parseDocument<T>(bytes: Uint8Array, schema: z.ZodType<T>, limits: DocumentLimits): T {
  if (bytes.byteLength > limits.maxBytes) {
    throw new UpdateError(limits.code, `${limits.what} has ${String(bytes.byteLength)} bytes, ${String(limits.maxBytes)} are allowed`);
  }
  const value = parseJson(bytes, limits);
  const result = schema.safeParse(value, { error: plainIssue });
  if (result.success) return result.data;
  throw new UpdateError(limits.code, `${limits.what} is not as it should be: ${describeIssues(result.error, value)}`);
}

/** The value of strict JSON. Throws `code`, with the line and the column of what is wrong and its reason. */
export function parseJson(bytes: Uint8Array, { what, code }: Pick<DocumentLimits, 'what' | 'code'>): unknown {
  const text = utf8(bytes, what, code);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UpdateError(code, `${what} is not valid JSON: ${quotable(jsonProblem(text) ?? 'it cannot be read')}`, { cause: error });
  }
  const loose = looseness(text);
  if (loose !== null) throw new UpdateError(code, `${what} is refused: ${loose}`);
  return value;
}

function utf8(bytes: Uint8Array, what: string, code: ErrorCode): string {
  const options = { ignoreBOM: true };
  try {
    return new TextDecoder('utf-8', { ...options, fatal: true }).decode(bytes);
  } catch (error) {
    const text = new TextDecoder('utf-8', options).decode(bytes);
    const { line, column } = placeOf(text, text.indexOf('\ufffd'));
    const place = `line ${String(line)}, column ${String(column)}`;
    throw new UpdateError(code, `${what} is not valid JSON: it is not UTF-8, but perhaps Latin-1 (${place})`, { cause: error });
  }
}

/** One line for an operator: each key, what is wrong with it; at most three of them. With `input`, each with its value. */
export function describeIssues(error: z.ZodError, input?: unknown): string {
  const lines = error.issues.slice(0, 3).map((issue) => {
    const key = issue.path
      .map((part, index) => (typeof part === 'number' ? `[${String(part)}]` : `${index === 0 ? '' : '.'}${String(part)}`))
      .join('');
    const name = `'${quotable(key)}'`;
    const value = input === undefined ? '' : shown(valueAt(input, issue.path));
    // A sentence that names the value says it once.
    return key === '' ? issue.message : `${name}${isNamed(value, issue.message) ? '' : value}: ${issue.message}`;
  });
  const more = error.issues.length - lines.length;
  return lines.join('; ') + (more > 0 ? `; and ${String(more)} more` : '');
}

function isNamed(value: string, message: string): boolean {
  const text = value.startsWith(' is "') ? value.slice(5, -1) : '';
  return text !== '' && message.includes(`'${text}'`);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  return value;
}

/** A password in an address is nobody's business. */
function shown(value: unknown): string {
  if (value === undefined) return ' is missing';
  if (typeof value === 'string') return ` is "${quotable(value).replace(/\/\/[^/]*@/, '//***@')}"`;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? ` is ${String(value)}` : '';
}
