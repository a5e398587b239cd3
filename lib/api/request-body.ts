/** The body of a request: JSON of at most 16 KiB, held against a strict schema. */
import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { UpdateError } from '../core/errors.ts';
import { describeIssues, parseJson } from '../core/json.ts';
import { plainIssue } from '../core/plain-issue.ts';
import { quotable } from '../core/release/release-path.ts';

export const MAX_BODY_BYTES = 16 * 1024;
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;

/**
 * Throws BODY_TOO_LARGE as soon as that is known, MEDIA_TYPE, and REQUEST_INVALID naming the key, its value and what is allowed.
 * The body is read in any case: a connection that is closed with something unread is reset, and takes the answer with it.
 */
export async function readBody<T>(incoming: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const bytes = await bytesOf(incoming);
  if (!JSON_TYPE.test(incoming.headers['content-type'] ?? '') || incoming.headers['content-encoding'] !== undefined) {
    throw new UpdateError('MEDIA_TYPE', 'the body must be JSON', { hint: 'send `Content-Type: application/json`, without an encoding' });
  }
  return parseBody(bytes, schema);
}

async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  return await new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      // What comes after is taken and thrown away by the server, as far as it goes.
      if (size > MAX_BODY_BYTES) done(tooLarge());
    };
    const onEnd = (): void => {
      done(null);
    };
    const onCut = (): void => {
      done(new UpdateError('REQUEST_INVALID', 'the body is incomplete'));
    };
    const done = (error: UpdateError | null): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut);
      if (error === null) resolve(Buffer.concat(chunks));
      else reject(error);
    };
    incoming.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut);
  });
}

function tooLarge(): UpdateError {
  return new UpdateError('BODY_TOO_LARGE', `the body has more than ${String(MAX_BODY_BYTES)} bytes`);
}

function parseBody<T>(bytes: Buffer, schema: z.ZodType<T>): T {
  if (bytes.length === 0) throw new UpdateError('REQUEST_INVALID', 'the body is empty', { hint: 'send {}' });
  return checked(schema, parseJson(bytes, { what: 'the body', code: 'REQUEST_INVALID' }), 'the body');
}

/** What was asked, by its schema. Throws REQUEST_INVALID naming each key, its value and what is allowed. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys, value) : plainIssue(issue)),
  });
  if (result.success) return result.data;
  throw new UpdateError('REQUEST_INVALID', `${what} is invalid: ${describeIssues(result.error, value)}`, allowedHint(schema));
}

function allowedHint(schema: z.ZodType): { hint?: string } {
  const shape = 'shape' in schema && typeof schema.shape === 'object' && schema.shape !== null ? Object.keys(schema.shape) : null;
  if (shape === null) return {};
  return { hint: shape.length === 0 ? 'no keys are allowed' : `allowed: ${shape.join(', ')}` };
}

function unknownKeys(keys: readonly string[], value: unknown): string {
  const [key = ''] = keys;
  const given: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  const shown =
    typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean' ? ` (${quotable(String(given)).slice(0, 60)})` : '';
  return `unknown key '${quotable(key).slice(0, 60)}'${shown}${keys.length > 1 ? ` and ${String(keys.length - 1)} more` : ''}`;
}
