/**
 * What JSON.parse lets pass and a document from outside must not have: one key twice in an object (the last one wins silently,
 * so two readers may see two different documents), nesting so deep that whatever walks the value overflows its stack, and more
 * values than a device has memory for: 8 MiB of `[],` are 300 MB once they are parsed.
 */
import { quotable } from './release/release-path.ts';

const MAX_DEPTH = 64;
/** A manifest of 20,000 files with every member that there is has 160,000; later updaters may have twice as many to say. */
const MAX_VALUES = 400_000;
/** More than the 20,000 files of the largest release, which has more of them than anything else has of anything. What a schema says of each costs more than the value. */
const MAX_MEMBERS = 25_000;
/** Release notes of 64 KiB, with every character escaped, have 384 KiB. */
const MAX_STRING = 1024 * 1024;
const MAX_NUMBER = 400;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** An array or object that is open: how many members it has begun, and its keys if it is an object. */
interface Open {
  members: number;
  keys: Set<string> | null;
}

/**
 * Says what is wrong with `text`, or null. To be asked before JSON.parse: one pass, without recursion, with memory for the keys of
 * the objects that are open. Of what is no JSON it says nothing, or something: JSON.parse refuses it.
 */
export function findJsonProblem(text: string): string | null {
  const open: Open[] = [];
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === COMMA) {
      values += 1;
      const inside = open.at(-1);
      if (inside !== undefined) {
        inside.members += 1;
        if (inside.members > MAX_MEMBERS)
          return `${inside.keys === null ? 'an array' : 'an object'} in it has more than ${String(MAX_MEMBERS)} members`;
      }
    } else if (character === OPEN_OBJECT || character === OPEN_ARRAY) {
      values += 1;
      open.push({ members: 1, keys: character === OPEN_OBJECT ? new Set() : null });
      if (open.length > MAX_DEPTH) return `it is nested more than ${String(MAX_DEPTH)} levels deep`;
    } else if (character === CLOSE_OBJECT || character === CLOSE_ARRAY) {
      open.pop();
    } else if (character === QUOTE) {
      const end = stringEnd(text, at);
      if (end - at > MAX_STRING) return `a text in it has more than ${String(MAX_STRING)} characters`;
      const keys = open.at(-1)?.keys ?? null;
      if (keys !== null && isKey(text, end)) {
        const key = decoded(text.slice(at, end));
        if (keys.has(key)) return `the key '${quotable(key)}' appears twice in one object`;
        keys.add(key);
      }
      at = end - 1;
    } else if (isDigit(character)) {
      const end = numberEnd(text, at);
      if (end - at > MAX_NUMBER) return `a number in it has more than ${String(MAX_NUMBER)} digits`;
      at = end - 1;
    }
    if (values > MAX_VALUES) return `it has more than ${String(MAX_VALUES)} values`;
  }
  return null;
}

/** The index after the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39;
}

function numberEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** In valid JSON a string is a key exactly when a colon follows. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1;
  return text[at] === ':';
}

/** The key that is meant: `"\u0061"` is `"a"`. What is none stands for itself: JSON.parse will say so. */
function decoded(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    const value: unknown = JSON.parse(literal);
    return String(value);
  } catch {
    return literal;
  }
}
