import { describe, expect, test } from 'vitest';
import {
  dropInFolders,
  expandSpecifiers,
  parseTimeSpanMs,
  parseUnitFile,
  parseUnitName,
  splitWords,
  unitFileNames,
  valuesOf,
} from '../../../../lib/core/device/unit-file.ts';

describe('parseUnitName', () => {
  test.each([
    ['plain', 'a-b.service', { prefix: 'a-b', instance: null, type: 'service' }, ['a-b.service']],
    ['instance', 'a@x-y.service', { prefix: 'a', instance: 'x-y', type: 'service' }, ['a@x-y.service', 'a@.service']],
    ['timer', 'a.timer', { prefix: 'a', instance: null, type: 'timer' }, ['a.timer']],
    ['dots-in-name', 'org.x.y.service', { prefix: 'org.x.y', instance: null, type: 'service' }, ['org.x.y.service']],
  ])('%s', (_name, name, parts, files) => {
    expect(parseUnitName(name)).toEqual({ name, ...parts });
    expect(unitFileNames(parseUnitName(name))).toEqual(files);
  });

  test.each([
    ['a.service', ['a.service.d']],
    ['pikit-update-check.service', ['pikit-update-check.service.d', 'pikit-.service.d', 'pikit-update-.service.d']],
    ['a-b@x-y.service', ['a-b@x-y.service.d', 'a-b@.service.d', 'a-.service.d']],
    ['a-.service', ['a-.service.d']],
  ])('leads to the folders of drop-ins of %s', (name, folders) => {
    expect(dropInFolders(parseUnitName(name))).toEqual(folders);
  });

  test.each(['', 'a', 'a@.service', '../a.service', 'a/b.service', 'a b.service', '.service'])("refuses '%s'", (name) => {
    expect(() => parseUnitName(name)).toThrow(/not the name of a unit/);
  });
});

describe('parseUnitFile', () => {
  const unit = (value: string, key = 'A') => [{ section: 'Unit', key, value }];

  test.each([
    ['empty', '', []],
    ['setting', '[Unit]\nA=b\n', unit('b')],
    ['blanks-around', '  [Unit]  \n  A =  b c  \n', unit('b c')],
    ['equals-in-value', '[Unit]\nA=b=c\n', unit('b=c')],
    ['empty-value', '[Unit]\nA=\n', unit('')],
    ['comments', '# x\n[Unit]\n; y\nA=b # not one\n', unit('b # not one')],
    ['continued', '[Unit]\nA=b \\\n  c\n', unit('b  c')],
    ['comment-in-continued', '[Unit]\nA=b \\\n# x\n c\n', unit('b  c')],
    ['continued-to-the-end', '[Unit]\nA=b \\', unit('b')],
    ['no-last-newline', '[Unit]\nA=b', unit('b')],
  ])('%s', (_name, text, expected) => {
    expect(parseUnitFile(text, "'x.service'")).toEqual(expected);
  });

  test.each([
    ['not-a-setting', '[Unit]\nA\n', /'x\.service', line 2: 'A'/],
    ['before-a-section', 'A=b\n', /line 1/],
    ['no-key', '[Unit]\n=b\n', /line 2/],
  ])('refuses %s', (_name, text, message) => {
    expect(() => parseUnitFile(text, "'x.service'")).toThrow(message);
  });
});

test('an empty value forgets those before it, in its own section only', () => {
  const settings = parseUnitFile('[Unit]\nA=1\n[Service]\nA=2\nA=3\nA=\nA=4\n', 'x');
  expect(valuesOf(settings, 'Service', 'A')).toEqual(['4']);
  expect(valuesOf(settings, 'Unit', 'A')).toEqual(['1']);
  expect(valuesOf(settings, 'Unit', 'B')).toEqual([]);
});

describe('splitWords', () => {
  test.each([
    ['empty', '', []],
    ['words', '  a  b\tc ', ['a', 'b', 'c']],
    ['double-quotes', '"a b" c', ['a b', 'c']],
    ['single-quotes', "'a b' c", ['a b', 'c']],
    ['empty-quotes', '"" a', ['', 'a']],
    ['other-quote-inside', `"it's" 'a"b'`, ["it's", 'a"b']],
    ['assignment', '"A=b c" D=e', ['A=b c', 'D=e']],
    ['escapes', 'a\\sb "c\\"d" \\x41\\\\ e\\tf', ['a b', 'c"d', 'A\\', 'e\tf']],
  ])('%s', (_name, text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  test.each(['"a', `'a b`, '"a"b', 'a "b', 'a"b', 'A="b c"'])('refuses a quote that is not around a whole word: %s', (text) => {
    expect(() => splitWords(text)).toThrow(/quote/);
  });

  test('refuses an escape that it does not know', () => {
    expect(() => splitWords('\\q')).toThrow(/escape/);
  });
});

describe('expandSpecifiers', () => {
  const id = parseUnitName('pikit-update-gate@a-b\\x2dc.service');

  test.each([
    ['%i', 'a-b\\x2dc'],
    ['%I', 'a/b-c'],
    ['%n', 'pikit-update-gate@a-b\\x2dc.service'],
    ['%N', 'pikit-update-gate@a-b\\x2dc'],
    ['%p', 'pikit-update-gate'],
    ['%P', 'pikit/update/gate'],
    ['%j', 'gate'],
    ['%%i', '%i'],
    ['/run/%p/%i', '/run/pikit-update-gate/a-b\\x2dc'],
  ])('%s', (text, expected) => {
    expect(expandSpecifiers(text, id)).toBe(expected);
  });

  test('without an instance %i is empty', () => {
    expect(expandSpecifiers('<%i>', parseUnitName('a.service'))).toBe('<>');
  });

  test.each(['%h', '%', 'a%'])("refuses '%s', which only systemd knows", (text) => {
    expect(() => expandSpecifiers(text, id)).toThrow(/specifier/);
  });
});

describe('parseTimeSpanMs', () => {
  test.each([
    ['90', 90_000],
    ['2min', 120_000],
    ['1min 30s', 90_000],
    ['1h30m', 5_400_000],
    ['100ms', 100],
    ['0', 0],
    ['1.5s', 1500],
    ['infinity', null],
  ])('%s', (text, expected) => {
    expect(parseTimeSpanMs(text)).toBe(expected);
  });

  test.each(['', 'soon', '2 fortnights', 's', '5s!'])("refuses '%s'", (text) => {
    expect(() => parseTimeSpanMs(text)).toThrow(/time span/);
  });
});
