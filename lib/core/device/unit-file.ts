/**
 * Unit files, as systemd.syntax(7), systemd.unit(5) and systemd.service(5) define them: settings in sections, words with
 * quotes and C escapes, specifiers, time spans. Text in, values out; which settings mean something is decided elsewhere.
 */
import { UpdateError } from '../errors.ts';

export interface Setting {
  section: string;
  key: string;
  value: string;
}

/** The name of a unit, taken apart: `pikit-update-gate@fetch.service` is an instance of `pikit-update-gate@.service`. */
export interface UnitId {
  name: string;
  prefix: string;
  /** Null for a unit that is no instance. */
  instance: string | null;
  /** `service`, `timer`, `target` … */
  type: string;
}

function invalid(message: string): UpdateError {
  return new UpdateError('CONFIG_INVALID', message);
}

/** Takes a unit's name apart. Throws CONFIG_INVALID for what is none, or is a template without an instance. */
export function parseUnitName(name: string): UnitId {
  const match = /^([A-Za-z0-9:_.\\-]+?)(?:@([A-Za-z0-9:_.\\-]+))?\.([a-z]+)$/.exec(name);
  const [, prefix, instance, type] = match ?? [];
  if (prefix === undefined || type === undefined) throw invalid(`'${name}' is not the name of a unit that can be started`);
  return { name, prefix, instance: instance ?? null, type };
}

/** The file names a unit may have, the first one that exists counts. */
export function unitFileNames(id: UnitId): string[] {
  return id.instance === null ? [id.name] : [id.name, `${id.prefix}@.${id.type}`];
}

/** The folders of its drop-ins as far as its name leads to them: its own, its template's, and those of each beginning that ends in a dash. */
export function dropInFolders({ name, prefix, instance, type }: UnitId): string[] {
  const dashes = [...prefix.matchAll(/-(?=.)/g)].map(({ index }) => `${prefix.slice(0, index + 1)}.${type}`);
  return [name, ...(instance === null ? [] : [`${prefix}@.${type}`]), ...dashes].map((unit) => `${unit}.d`);
}

/** All settings of a unit file in their order. Throws CONFIG_INVALID with the line that is none. */
export function parseUnitFile(text: string, what: string): Setting[] {
  const settings: Setting[] = [];
  let section = '';
  for (const { line, number } of logicalLines(text)) {
    const header = /^\[([^\]]+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      continue;
    }
    const at = line.indexOf('=');
    if (at < 1 || section === '') throw invalid(`${what}, line ${String(number)}: '${line}' is neither a section nor a setting of one`);
    settings.push({ section, key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() });
  }
  return settings;
}

/** Lines without comments and blanks; one that ends in a backslash goes on in the next that is no comment. */
function* logicalLines(text: string): Generator<{ line: string; number: number }> {
  let begun = '';
  let number = 0;
  for (const raw of text.split('\n')) {
    number += 1;
    const line = raw.trim();
    if (line.startsWith('#') || line.startsWith(';')) continue;
    if (line.endsWith('\\')) {
      begun += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = (begun + line).trim();
    begun = '';
    if (whole !== '') yield { line: whole, number };
  }
  if (begun.trim() !== '') yield { line: begun.trim(), number };
}

/** The values of a key in their order; an empty one forgets those before it. */
export function valuesOf(settings: readonly Setting[], section: string, key: string): string[] {
  const values: string[] = [];
  for (const setting of settings) {
    if (setting.section !== section || setting.key !== key) continue;
    if (setting.value === '') values.length = 0;
    else values.push(setting.value);
  }
  return values;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', s: ' ', '\\': '\\', '"': '"', "'": "'" };

/** Splits a value into words: blanks part them, quotes around a whole word keep its blanks, C escapes mean one character. */
export function splitWords(value: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:[^\s"'\\]|\\.)+))(?=\s|$)/gy;
  let end = 0;
  for (let match = pattern.exec(value); match !== null; match = pattern.exec(value)) {
    words.push(unescape(match[1] ?? match[2] ?? match[3] ?? ''));
    end = pattern.lastIndex;
  }
  if (value.slice(end).trim() !== '') throw invalid(`'${value}' has a quote that is not closed, or not around a whole word`);
  return words;
}

function unescape(word: string): string {
  return word.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (whole, hex: string | undefined, letter: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const character = ESCAPES[letter ?? ''];
    if (character === undefined) throw invalid(`'${whole}' in '${word}' is not an escape that is known here`);
    return character;
  });
}

/** Replaces `%i %I %j %n %N %p %P %%`. Throws CONFIG_INVALID for every other: its value is known to systemd only. */
export function expandSpecifiers(text: string, id: UnitId): string {
  const instance = id.instance ?? '';
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    i: instance,
    I: unescapeUnitName(instance),
    j: id.prefix.slice(id.prefix.lastIndexOf('-') + 1),
    n: id.name,
    N: id.name.slice(0, -id.type.length - 1),
    p: id.prefix,
    P: unescapeUnitName(id.prefix),
  };
  return text.replace(/%(.?)/g, (whole, letter: string) => {
    const value = values[letter];
    if (value === undefined) throw invalid(`'${whole}' in '${text}' of '${id.name}' is not a specifier that is known here`);
    return value;
  });
}

/** systemd-escape(1) the other way: a dash stands for a slash, `\x2d` for a character. */
function unescapeUnitName(name: string): string {
  return name.replace(/-|\\x([0-9a-f]{2})/g, (_whole, hex: string | undefined) =>
    hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  d: 86_400_000,
};

/** A time span such as `90`, `2min` or `1min 30s`, in milliseconds; null for `infinity`. Throws CONFIG_INVALID. */
export function parseTimeSpanMs(text: string): number | null {
  if (text === 'infinity') return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gy)];
  const sum = parts.reduce((total, [, count, unit]) => total + Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN), 0);
  if (parts.length === 0 || Number.isNaN(sum) || parts.map(([whole]) => whole).join('') !== text) throw invalid(`'${text}' is not a time span`);
  return sum;
}
