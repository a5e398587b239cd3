import { describe, expect, it } from 'vitest';
import { assertDistinctPaths, configPathProblem, quotable, releasePathProblem } from '../../../../lib/core/release/release-path.ts';
import { containing } from '../../../helpers/matchers.ts';

const bytes = (count: number, of = 'a'): string => of.repeat(count / Buffer.byteLength(of));

describe('releasePathProblem', () => {
  it.each([
    ['page', 'pikit-web/index.html'],
    ['script', 'pikit-api.py'],
    ['all-plain-characters', 'AZaz09._@+-/x'],
    ['hidden-file', 'pikit-web/.well-known/x'],
    ['dots-in-a-name', 'a..b/c...d'],
    ['leading-dash', '-rf'],
    ['proto', '__proto__'],
    ['constructor', 'constructor/prototype'],
    ['almost-ours', 'x.pikit-newer'],
    ['almost-ours-too', 'pikit-x'],
    ['blanks-inside', 'a b/c  d'],
    ['brackets', 'routes/[id]/(group)/{x}.js'],
    ['marks', "a,=~'!;&+@%#$^`b"],
    ['quote', "it's"],
    ['shell', '$(reboot)'],
    ['percent-encoded', 'a%41b'],
    ['percent-encoded-climb', '%2e%2e/x'],
    ['tilde', '~/x'],
    ['umlaut', 'gr\u00fc\u00dfe'],
    ['cyrillic', 'pikit-web/іndex.html'],
    ['chinese', '文档/说明：一.html'],
    ['arabic', 'صفحة.html'],
    ['emoji', '🎉.svg'],
    ['mark-after-a-letter', 'क्ष'],
    ['bytes-of-a-name', bytes(255)],
    ['bytes-of-a-name-in-three-each', bytes(255, '文')],
    ['bytes-of-a-path', Array.from({ length: 4 }, () => bytes(250)).join('/')],
    ['sixteen-levels', Array.from({ length: 16 }, () => 'd').join('/')],
    ['almost-a-device', 'console.js/nul-1.js/com10/auxiliary/lpt.js'],
    ['name-of-a-chunk', 'assets/Page (1) [lazy], ~shared=1;v=2 & more!.abcdef01.js'],
  ])('allows %s', (_name, path) => {
    expect(releasePathProblem(path)).toBeNull();
  });

  it.each([
    ['empty', '', 'it is empty'],
    ['absolute', '/etc/passwd', 'it is absolute'],
    ['double-slash-root', '//etc/passwd', 'it is absolute'],
    ['root', '/', 'it is absolute'],
    ['dot', '.', "it has a '.' or '..' component"],
    ['dot-dot', '..', "it has a '.' or '..' component"],
    ['climbs-out', '../x', "it has a '.' or '..' component"],
    ['climbs-out-inside', 'pikit-web/../../x', "it has a '.' or '..' component"],
    ['ends-in-dot-dot', 'a/..', "it has a '.' or '..' component"],
    ['dot-component', 'a/./b', "it has a '.' or '..' component"],
    ['trailing-slash', 'a/', 'only single slashes between names are allowed'],
    ['double-slash', 'a//b', 'only single slashes between names are allowed'],
    ['bytes', `${'a/'.repeat(8)}${bytes(1009)}`, 'it has 1025 bytes, 1024 are allowed'],
    ['bytes-of-one-name', `a/${bytes(256)}`, 'one of its names has 256 bytes, 255 are allowed'],
    ['bytes-of-one-name-of-85-characters', bytes(258, '文'), 'one of its names has 258 bytes, 255 are allowed'],
    ['seventeen-levels', Array.from({ length: 17 }, () => 'd').join('/'), 'it is 17 levels deep, 16 are allowed'],
    ['umlaut-nfd', 'gru\u0308n', "it is not in Unicode's normal form C, which is 'gr\u00fcn'"],
    ['singleton', '\u212b', "it is not in Unicode's normal form C, which is '\u00c5'"],
    ['not-utf-8', 'a\ufffd', 'its name is not UTF-8'],
    ['leading-blank', 'a/ b', 'a name must not begin or end with a blank'],
    ['trailing-blank', 'a /b', 'a name must not begin or end with a blank'],
    ['trailing-dot', 'a./b', 'a name must not end with a dot, which vfat and NTFS leave out'],
    ['three-dots', '...', 'a name must not end with a dot, which vfat and NTFS leave out'],
    ['leading-mark', 'a/\u0301b', 'a name must not begin with a combining mark'],
    ['device', 'a/con.js', "'con.js' is the name of a device on Windows, and NTFS refuses it"],
    ['device-alone', 'NUL', "'NUL' is the name of a device on Windows, and NTFS refuses it"],
    ['device-with-a-number', 'lpt1', "'lpt1' is the name of a device on Windows, and NTFS refuses it"],
    ['ours', '.pikit-x', "names that start with '.pikit-' belong to the updater"],
    ['ours-inside', 'a/.pikit-tmp/b', "names that start with '.pikit-' belong to the updater"],
    ['ours-in-capitals', '.PIKIT-0011aabb.1', "names that start with '.pikit-' belong to the updater"],
    ['waiting-for-the-owner', 'x.pikit-new', "names that end in '.pikit-new' belong to the updater"],
  ])('refuses %s, and says why', (_name, path, problem) => {
    expect(releasePathProblem(path)).toBe(problem);
  });

  it.each(Array.from('\\:*?"<>|'))('refuses what sticks cannot hold: %s', (character) => {
    expect(releasePathProblem(`a${character}b`)).toBe(
      `it has the character ${character}, which vfat and NTFS cannot hold; \\ : * ? " < > | are not allowed`,
    );
  });

  it.each([
    ['nul', 'a\0b', 'U+0000'],
    ['newline', 'a\nb', 'U+000A'],
    ['newline-at-the-end', 'a\n', 'U+000A'],
    ['carriage-return', 'a\rb', 'U+000D'],
    ['tab', 'a\tb', 'U+0009'],
    ['escape', '\u001b[31mred', 'U+001B'],
    ['delete', 'a\u007f', 'U+007F'],
    ['c1', 'a\u009b', 'U+009B'],
    ['line-separator', 'a\u2028b', 'U+2028'],
    ['right-to-left-override', 'a\u202eb', 'U+202E'],
    ['isolate', 'a\u2066b', 'U+2066'],
    ['direction-mark', 'a\u200fb', 'U+200F'],
    ['zero-width', 'a\u200bb', 'U+200B'],
    ['joiner', 'a\u200db', 'U+200D'],
    ['byte-order-mark', '\ufeffa', 'U+FEFF'],
    ['soft-hyphen', 'a\u00adb', 'U+00AD'],
    ['variation', 'a\ufe0f', 'U+FE0F'],
    ['variation-of-an-ideograph', '文\u{e0100}', 'U+E0100'],
    ['tag', 'a\u{e0061}', 'U+E0061'],
    ['filler', 'a\u3164', 'U+3164'],
    ['grapheme-joiner', 'a\u034f', 'U+034F'],
    ['no-break-blank', 'a\u00a0b', 'U+00A0'],
    ['ideographic-blank', 'a\u3000b', 'U+3000'],
    ['private-use', 'a\ue000', 'U+E000'],
    ['no-character', 'a\uffff', 'U+FFFF'],
    ['lone-surrogate', 'a\ud800', 'U+D800'],
  ])('refuses what cannot be seen: %s', (_name, path, character) => {
    expect(releasePathProblem(path)).toBe(`it has the character ${character}, which is invisible, reorders text, or is none that can be relied on`);
  });
});

describe('configPathProblem', () => {
  it('keeps room for the name of ours beside it', () => {
    expect(configPathProblem(`a/${bytes(245)}`)).toBeNull();
    expect(configPathProblem(`a/${bytes(246)}`)).toContain('may have a name of 245 bytes');
  });
});

describe('quotable', () => {
  it.each([
    ['plain', 'a/b c', 'a/b c'],
    ['escape-codes', '\u001b[2Jx', '\\u001b[2Jx'],
    ['lines', 'a\nb\r\u2028c\u0085', 'a\\u000ab\\u000d\\u2028c\\u0085'],
    ['direction', 'a\u202ecod\u2066', 'a\\u202ecod\\u2066'],
    ['half-a-character', 'a\ud83c', 'a\\ud83c'],
    ['long', 'x'.repeat(300), 'x'.repeat(200)],
  ])('%s', (_name, text, shown) => {
    expect(quotable(text)).toBe(shown);
  });
});

describe('assertDistinctPaths', () => {
  it.each([
    ['none', []],
    ['siblings', ['a/b', 'a/c', 'a/b.c', 'ab']],
    ['prefix-of-a-name', ['pikit-web', 'pikit-web-evil/x']],
    ['names-of-object-methods', ['__proto__', 'constructor', 'toString']],
  ])('allows %s', (_name, paths) => {
    expect(() => {
      assertDistinctPaths(paths);
    }).not.toThrow();
  });

  it.each([
    ['twice', ['a/b', 'c', 'a/b'], "'a/b' and 'a/b' would be the same file"],
    ['case-twins', ['web/Index.html', 'web/index.html'], "'web/index.html' and 'web/Index.html' would be the same file"],
    ['file-and-directory', ['x', 'x/y'], "'x' is a file, and 'x/y' needs it to be a directory"],
    ['directory-and-file', ['x/y/z', 'x'], "'x' is a file, and 'x/y/z' needs it"],
    ['file-and-directory-in-other-case', ['X', 'x/y'], "'X' is a file, and 'x/y' needs it"],
    ['case-twins-of-folders', ['Web/a', 'web/b'], "the folders 'web' and 'Web' would be the same"],
    ['case-twins-of-folders-above', ['x/Web/y/a', 'x/web/y/b'], "the folders 'x/web/y' and 'x/Web/y' would be the same"],
    ['case-twins-beyond-ascii', ['GR\u00dcN', 'gr\u00fcn'], "'gr\u00fcn' and 'GR\u00dcN' would be the same file"],
    ['folding-to-two', ['stra\u00dfe', 'STRASSE'], 'would be the same file'],
    ['final-sigma', ['\u03bf\u03c2', '\u039f\u03a3'], 'would be the same file'],
    ['kelvin', ['\u212a', 'k'], 'would be the same file'],
    ['normal-forms', ['gr\u00fcn', 'gru\u0308n'], 'would be the same file'],
    ['case-twins-of-a-folder-and-a-file', ['a/B/c', 'a/b'], "'a/b' is a file, and 'a/B/c' needs it"],
  ])('refuses %s', (_name, paths, says) => {
    expect(() => {
      assertDistinctPaths(paths);
    }).toThrow(expect.objectContaining({ code: 'PATH_REFUSED', message: containing(says) }));
  });

  it('is fast for 20,000 deep paths', () => {
    const deep = Array.from({ length: 15 }, (_value, index) => `directory${String(index)}`).join('/');
    assertDistinctPaths(Array.from({ length: 20_000 }, (_value, index) => `${deep}/${String(index)}`));
  });
});
