/** Where and why a text is not JSON, for the person who wrote it. JSON.parse of Node 20 says neither the line nor the reason. */

export interface TextPosition {
  line: number;
  column: number;
}

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

const BLANK = /[ \t\r\n]*/y;
// eslint-disable-next-line no-control-regex -- control characters are what JSON does not allow in a text
const TOKEN = /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** The first thing that JSON does not allow, as a sentence without its full stop, and its place; null for valid JSON. */
export function jsonProblem(text: string): string | null {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  for (let at = 0; ;) {
    BLANK.lastIndex = at;
    at += BLANK.exec(text)?.[0].length ?? 0;
    if (at >= text.length) return expected === 'nothing' ? null : `${text === '' ? 'it is empty' : 'it ends too early'}${where(text, at)}`;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0] ?? null;
    const next: Expected | null = token === null ? null : after(token, expected, open);
    if (token === null || next === null) return `${reason(text, at, expected)}${where(text, at)}`;
    expected = next;
    at += token.length;
  }
}

/** What may follow a token, or null when the token itself may not stand there. */
function after(token: string, expected: Expected, open: ('{' | '[')[]): Expected | null {
  const isClosing = token === '}' || token === ']';
  if (isClosing) {
    const mayClose = expected === 'comma or end' || (token === '}' ? expected === 'key or end' : expected === 'value or end');
    if (!mayClose || open.pop() !== (token === '}' ? '{' : '[')) return null;
    return open.length === 0 ? 'nothing' : 'comma or end';
  }
  if (token === ',') return expected === 'comma or end' ? (open.at(-1) === '{' ? 'key' : 'value') : null;
  if (token === ':') return expected === 'colon' ? 'value' : null;
  if (expected === 'key' || expected === 'key or end') return token.startsWith('"') ? 'colon' : null;
  if (expected !== 'value' && expected !== 'value or end') return null;
  if (token === '{' || token === '[') {
    open.push(token);
    return token === '{' ? 'key or end' : 'value or end';
  }
  return open.length === 0 ? 'nothing' : 'comma or end';
}

function reason(text: string, at: number, expected: Expected): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === '\ufeff') return 'it begins with a byte order mark; remove it';
  if (character === '<' && text.slice(0, at).trim() === '') return "it begins with '<', as a web page does";
  if ((character === '}' || character === ']') && (expected === 'key' || expected === 'value'))
    return `there is a comma too many before '${character}'`;
  if (character === '/' || character === '#') return 'there is a comment, which JSON does not have';
  if (character === "'") return 'there is a text in \' instead of "';
  if (character === '"' && expected === 'comma or end') return 'a comma is missing';
  if (character === '"') return 'there is a text that does not end, or has a line break or an unknown \\ in it';
  return expected === 'nothing' ? 'there is text after its end' : `'${character}' is not expected there`;
}

function where(text: string, at: number): string {
  const { line, column } = positionOf(text, at);
  return ` (line ${String(line)}, column ${String(column)})`;
}

/** Line and column of an index, both from 1. */
export function positionOf(text: string, at: number): TextPosition {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
