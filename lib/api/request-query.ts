/** The query of a request, held against a strict schema. */
import type * as z from 'zod';
import { UpdateError } from '../core/errors.ts';
import { checked } from './request-body.ts';

const SECRET = /token|secret|password|authorization|api[-_]?key/i;

export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf('?');
  return at === -1 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** An address is kept in logs and histories: a token in one is a token that many have read. Throws REQUEST_INVALID. */
export function assertNoSecret(query: string): void {
  if (query === '' || ![...new URLSearchParams(query).keys()].some((name) => SECRET.test(name))) return;
  throw new UpdateError('REQUEST_INVALID', 'the address contains a token', {
    hint: 'send it as `Authorization: Bearer …`, and replace the token, because this one may have been logged',
  });
}

/** Throws REQUEST_INVALID for a parameter that is wrong, unknown, or there twice. */
export function readQuery<T>(query: string, schema: z.ZodType<T>): T {
  const params = [...new URLSearchParams(query)];
  const twice = params.find(([name], index) => params.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw new UpdateError('REQUEST_INVALID', `the parameter ${JSON.stringify(twice[0].slice(0, 50))} is given twice`);
  return checked(schema, Object.fromEntries(params), 'the query');
}
