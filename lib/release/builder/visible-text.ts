/** Names and descriptions that people read in lists of devices: any writing of the world, and nothing but writing. */
import { UpdateError } from '../../core/errors.ts';

/**
 * What moves a cursor, breaks a line, or turns the text around it: control characters, the line and paragraph separators, and
 * the direction overrides. Right-to-left writing needs none of them; the joiner of emoji and the direction marks may stay.
 */
const INVISIBLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
/** Where bytes were no UTF-8, Node gives this. */
const REPLACEMENT = '\ufffd';

/** Returns the text if devices can show it as it is. Throws INPUT_REFUSED naming the character and its place. */
export function visibleText(what: string, text: string, limits: { min: number; max: number }): string {
  const found = INVISIBLE.exec(text);
  if (found !== null) {
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const place = String(Array.from(text.slice(0, found.index)).length + 1);
    throw new UpdateError('INPUT_REFUSED', `${what} has the control character U+${code} as its character ${place}`, {
      hint: 'leave it out: line breaks, tabs, escape sequences and direction overrides would garble the lists that show it',
    });
  }
  if (text.includes(REPLACEMENT)) {
    throw new UpdateError('INPUT_REFUSED', `${what} has bytes that are not UTF-8`, { hint: 'use a UTF-8 locale, for example LANG=C.UTF-8' });
  }
  if (text.length > limits.max) {
    throw new UpdateError('INPUT_REFUSED', `${what} has ${String(text.length)} characters, ${String(limits.max)} are allowed`);
  }
  if (text.trim().length < limits.min) throw new UpdateError('INPUT_REFUSED', `${what} is empty`);
  return text;
}
