/** Small checks at the door: what has these members is an answer of this API, and has the others too. */
import type { LogLine, StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Failure } from './answers.ts';

/** The text as JSON; undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller reports the missing answer
  }
}

export function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

/** Whether it is an answer with this member; what else is in it is for the types to say. */
export function has<T extends object>(value: unknown, name: keyof T & string): value is T {
  return memberOf(value, name) !== undefined;
}

/** Whether all of these members are of a type. */
function have(value: unknown, names: string, type: string): boolean {
  return names.split(' ').every((name) => typeof memberOf(value, name) === type);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function isStatus(value: unknown): value is StatusAnswer {
  return (
    ['settings', 'following', 'rollback', 'held', 'notices', 'drift'].every((name) => isObject(memberOf(value, name))) &&
    have(value, 'available staged last_result run', 'object')
  );
}

export function isLogLine(value: unknown): value is LogLine {
  return have(value, 'cursor time unit message', 'string');
}

/** The failure in an answer such as `{"error": {"code", "message", "hint"}}`, whose hint may be missing; null for anything else. */
export function failureIn(value: unknown): Failure | null {
  const error = memberOf(value, 'error');
  return isFailure(error) ? { hint: null, ...error } : null;
}

function isFailure(value: unknown): value is Omit<Failure, 'hint'> {
  return have(value, 'code message', 'string');
}
