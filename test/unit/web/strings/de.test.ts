import { expect, it } from 'vitest';
import { de } from '../../../../web/strings/de.ts';
import { en } from '../../../../web/strings/en.ts';

/** What is the same in both. */
const SAME = new Set(['title', 'details', 'steps.fetch', 'steps.apply']);

const VALUES = ['<1>', '<2>', '<3>'];

/** Each text by its path; of a function what it makes of the values. */
function texts(values: object, path = ''): Map<string, string> {
  return new Map(
    Object.entries(values).flatMap(([name, value]: [string, unknown]) => {
      const here = path === '' ? name : `${path}.${name}`;
      if (typeof value === 'object' && value !== null) return [...texts(value, here)];
      return [[here, String(typeof value === 'function' ? Reflect.apply(value, null, VALUES) : value)]];
    }),
  );
}

it('has every text of its own, apart from what is the same in both', () => {
  const [german, english] = [texts(de), texts(en)];
  expect([...german.keys()].toSorted()).toEqual([...english.keys()].toSorted());
  expect([...german].filter(([path, text]) => english.get(path) === text && !SAME.has(path)).map(([path]) => path)).toEqual([]);
  expect([...german].filter(([, text]) => text.trim() === '' || /undefined|\[object/.test(text))).toEqual([]);
});

it('gives each value its place', () => {
  for (const [path, text] of [...texts(de), ...texts(en)]) {
    const places = VALUES.filter((value) => (texts(en).get(path) ?? '').includes(value));
    expect(
      VALUES.filter((value) => text.includes(value)),
      path,
    ).toEqual(places);
  }
});

it('counts in German', () => {
  expect([de.plan.added(1), de.plan.added(3)]).toEqual(['1 neue Datei', '3 neue Dateien']);
  expect([de.plan.conflicts(1), de.plan.conflicts(2)]).toEqual([
    '1 selbst bearbeitete Konfigurationsdatei: nicht ersetzt',
    '2 selbst bearbeitete Konfigurationsdateien: nicht ersetzt',
  ]);
  expect([de.chip.stale(1), de.plan.restarts(2)]).toEqual(['Seit 1 Tag nicht geprüft', 'Neustart: 2 Dienste']);
});

it('does not address the reader', () => {
  for (const [path, text] of texts(de)) expect(text, path).not.toMatch(/\b(Sie können|Ihr|Ihre[mnrs]?|du|dein|bitte Sie)\b/);
});
