import type * as z from 'zod';
import type { ErrorCode } from './errors.ts';
import { UpdateError } from './errors.ts';
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
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw new UpdateError(limits.code, `${limits.what} is not valid JSON`, { cause: error });
  }
  const loose = looseness(text);
  if (loose !== null) throw new UpdateError(limits.code, `${limits.what} is refused: ${loose}`);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UpdateError(limits.code, `${limits.what} is not as it should be: ${describeIssues(result.error)}`);
}

/** One line for an operator: each key, what is wrong with it; at most three of them. With `input`, each with its value. */
export function describeIssues(error: z.ZodError, input?: unknown): string {
  const lines = error.issues.slice(0, 3).map((issue) => {
    const key = issue.path
      .map((part, index) => (typeof part === 'number' ? `[${String(part)}]` : `${index === 0 ? '' : '.'}${String(part)}`))
      .join('');
    return key === '' ? issue.message : `'${key}'${input === undefined ? '' : shown(valueAt(input, issue.path))}: ${issue.message}`;
  });
  const more = error.issues.length - lines.length;
  return lines.join('; ') + (more > 0 ? `; and ${String(more)} more` : '');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  return value;
}

/** A password in an address is nobody's business. */
function shown(value: unknown): string {
  if (value === undefined) return ' is missing';
  if (typeof value === 'string') return ` is "${quotable(value).replace(/\/\/.*@/, '//***@')}"`;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? ` is ${String(value)}` : '';
}
