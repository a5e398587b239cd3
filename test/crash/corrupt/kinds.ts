/** The damages of each kind of file: sealed, behind a schema, one line, TOML, and a list of lines. */
import { createHash } from 'node:crypto';
import type { Damage } from './damage.ts';
import { DEEP, anyDamages, bytes, flips, truncations } from './damage.ts';

const BOM = '\uFEFF';

/** JSON that parses, and is not what was written. `good` is an object. */
function handMadeJson(good: string): [string, string][] {
  const [first = ''] = /^\{\s*"[^"]+":/.exec(good) ?? [];
  const value: unknown = JSON.parse(good);
  const members = Object.entries(typeof value === 'object' && value !== null ? value : {});
  const other = members.map(([key, was]): [string, unknown] => [key, typeof was === 'string' ? 7 : 'seven']);
  const inside = (text: string): string => good.replace(/^\{/, `{${text},`);
  return [
    ['null', 'null'],
    ['an array', '[]'],
    ['an empty object', '{}'],
    ['other types', JSON.stringify(Object.fromEntries(other))],
    ['a number without end', good.replace(first, `${first}1e999,"more":`)],
    ['an unknown member', inside('"more":1')],
    ['of a later version', JSON.stringify({ ...Object.fromEntries(members), schema: 2, v: 2, more: { of: 'it' } })],
    ['deep inside', inside(`"more":${'['.repeat(DEEP)}${']'.repeat(DEEP)}`)],
    ['a key twice', good.replace(first, `${first}"other",${first.slice(1)}`)],
    ['a prototype', inside('"__proto__":{"schema":1}')],
  ];
}

/** A file that is read as JSON behind a schema. */
export function jsonDamages(good: Buffer): Damage[] {
  const text = good.toString();
  return [
    ...truncations(good, (rest) => (rest === text.trimEnd() ? 'yes' : 'no')),
    ...flips(good, 'maybe'),
    ...anyDamages(good),
    bytes('a byte order mark', BOM + text),
    bytes('CRLF', text.replaceAll('\n', '\r\n'), 'yes'),
    // What has a default for everything is complete without anything.
    ...handMadeJson(text).map(([name, json]) => bytes(name, json, name === 'an empty object' ? 'maybe' : 'no')),
  ];
}

/** What a seal does not save from: the shape decides. */
const MISSHAPEN = ['an empty object', 'other types', 'a number without end', 'of a later version'];

/** A sealed file: whatever is changed shows. */
export function sealedDamages(good: Buffer): Damage[] {
  const text = good.toString();
  const resealed = handMadeJson(text.replace(/,"seal":"[0-9a-f]{64}"\}\n$/, '}')).filter(([name]) => MISSHAPEN.includes(name));
  return [
    ...truncations(good, () => 'no'),
    ...flips(good, 'no'),
    ...anyDamages(good),
    bytes('a byte order mark', BOM + text),
    bytes('CRLF', text.replaceAll('\n', '\r\n')),
    ...handMadeJson(text).map(([name, json]) => bytes(name, json)),
    ...resealed.map(([name, json]) => bytes(`${name}, sealed`, sealText(json))),
  ];
}

/** As seal() does it, for text that JSON.stringify would not write. */
function sealText(body: string): string {
  return `${body.slice(0, -1)},"seal":"${createHash('sha256').update(body).digest('hex')}"}\n`;
}

/** One line with a version. */
export function versionDamages(good: Buffer): Damage[] {
  const text = good.toString();
  return [
    ...truncations(good, (rest) => (rest === text.trimEnd() ? 'yes' : 'no')),
    ...flips(good, 'maybe'),
    ...anyDamages(good),
    bytes('a byte order mark', BOM + text, 'maybe'),
    bytes('CRLF', text.replace('\n', '\r\n'), 'yes'),
    ...['null', '{}', `v${text}`, `${text}9.9.9\n`, '1.1.99999999999999999999\n', `1.1.0-${'x'.repeat(DEEP)}`, '__proto__'].map((odd) =>
      bytes(JSON.stringify(odd.slice(0, 24)), odd),
    ),
  ];
}

/** The configuration. A part of it may be a whole one: only the owner knows. */
export function tomlDamages(good: Buffer): Damage[] {
  const text = good.toString();
  return [
    ...truncations(good, () => 'maybe'),
    ...flips(good, 'maybe'),
    ...anyDamages(good).map((damage): Damage => (damage.name === 'a link to another file' ? { ...damage, passes: 'maybe' } : damage)),
    bytes('a byte order mark', BOM + text, 'maybe'),
    bytes('CRLF', text.replaceAll('\n', '\r\n'), 'yes'),
    bytes('another type', text.replace('"none"', '7')),
    bytes('a number without end', text.replace('retries = 0', 'retries = 1e999')),
    bytes('a number that is too long', text.replace('retries = 0', `retries = ${'9'.repeat(40)}`)),
    bytes('a key twice', text.replace('retries = 0', 'retries = 0\nretries = 1')),
    bytes('a table twice', `${text}[limits]\nfiles = 1\n`),
    bytes('an unknown key', `${text}more = 1\n`),
    bytes('a prototype', `${text}[__proto__]\nfiles = 1\n`),
    bytes('a prototype inside', `${text}__proto__ = { files = 1 }\n`),
    bytes('deep inside', `${text}more = ${'['.repeat(DEEP)}${']'.repeat(DEEP)}\n`),
    bytes('a deep key', `${text}${'a.'.repeat(DEEP)}a = 1\n`),
  ];
}

/** A list of lines, one JSON each: a bad line costs itself, whatever is no file costs all. */
export function linesDamages(good: Buffer): Damage[] {
  const text = good.toString();
  return [
    ...truncations(good, () => 'yes'),
    ...flips(good, 'yes'),
    ...anyDamages(good).map((damage): Damage => (damage.content.is === 'bytes' ? { ...damage, passes: 'yes' } : damage)),
    bytes('CRLF', text.replaceAll('\n', '\r\n'), 'yes'),
    bytes('a byte order mark', BOM + text, 'yes'),
    bytes('a deep line', `${'['.repeat(DEEP)}\n${text}`, 'yes'),
  ];
}
