import type * as z from 'zod';
import type { ErrorCode } from './errors.ts';
import { UpdateError } from './errors.ts';
import { jsonProblem, positionOf } from './json-problem.ts';
import { plainIssue } from './plain-issue.ts';
import { quotable } from './release/release-path.ts';
import { findJsonProblem } from './strict-json.ts';

/** Limits of one JSON document from outside. */
export interface DocumentLimits {
  what: string;
  maxBytes: number;
  code: ErrorCode;
}

/**
 * Parses bytes from outside into a type: readDocument, then the schema. Throws `limits.code` with a message that names the key,
 * and leaves nothing behind.
 */
export function parseDocument<T>(bytes: Uint8Array, schema: z.ZodType<T>, limits: DocumentLimits): T {
  return shapeDocument(readDocument(bytes, limits), schema, limits);
}

/**
 * The value that bytes from outside stand for: size limit, strict UTF-8 (JSON.parse alone would read U+FFFD for broken bytes), JSON
 * without a key twice, bottomless nesting, or more values than there is memory for. Throws `limits.code`.
 */
export function readDocument(bytes: Uint8Array, limits: DocumentLimits): unknown {
  if (bytes.byteLength > limits.maxBytes) {
    throw new UpdateError(limits.code, `${limits.what} has ${String(bytes.byteLength)} bytes, ${String(limits.maxBytes)} are allowed`);
  }
  return parseJson(bytes, limits);
}

/** A value that readDocument returned, as a type. Throws `limits.code`. */
export function shapeDocument<T>(value: unknown, schema: z.ZodType<T>, limits: DocumentLimits): T {
  const result = schema.safeParse(value, { error: plainIssue });
  if (result.success) return result.data;
  throw new UpdateError(limits.code, `${limits.what} is invalid: ${describeIssues(result.error, value)}`);
}

/** The value of strict JSON. Throws `code`, with the line and the column of what is wrong and its reason. */
export function parseJson(bytes: Uint8Array, { what, code }: Pick<DocumentLimits, 'what' | 'code'>): unknown {
  const text = utf8(bytes, what, code);
  let loose: string | null;
  try {
    // Before it is parsed: 8 MiB of text may be 500 MB of values.
    loose = findJsonProblem(text);
    if (loose === null) return JSON.parse(text);
  } catch (error) {
    throw new UpdateError(code, `${what} is not valid JSON: ${quotable(jsonProblem(text) ?? 'it cannot be read')}`, { cause: error });
  }
  throw new UpdateError(code, `${what} is refused: ${loose}`);
}

function utf8(bytes: Uint8Array, what: string, code: ErrorCode): string {
  const options = { ignoreBOM: true };
  try {
    return new TextDecoder('utf-8', { ...options, fatal: true }).decode(bytes);
  } catch (error) {
    const text = new TextDecoder('utf-8', options).decode(bytes);
    const { line, column } = positionOf(text, text.indexOf('\ufffd'));
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

/** Never shows a password in an address. */
function shown(value: unknown): string {
  if (value === undefined) return ' is missing';
  if (typeof value === 'string') return ` is "${quotable(value).replace(/\/\/.*@/, '//***@')}"`;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? ` is ${String(value)}` : '';
}
