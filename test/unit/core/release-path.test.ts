import { describe, expect, it } from 'vitest';
import { assertDistinctPaths, quotable, releasePathProblem } from '../../../lib/core/release-path.ts';
import { containing } from '../../helpers/matchers.ts';

describe('releasePathProblem', () => {
  it.each([
    ['page', 'pikit-web/index.html'],
    ['script', 'pikit-api.py'],
    ['all-allowed-characters', 'AZaz09._@+-/x'],
    ['hidden-file', 'pikit-web/.well-known/x'],
    ['dots-in-a-name', 'a..b/c...d'],
    ['three-dots', '...'],
    ['leading-dash', '-rf'],
    ['proto', '__proto__'],
    ['constructor', 'constructor/prototype'],
    ['two-hundred-characters', 'a'.repeat(200)],
    ['sixteen-levels', Array.from({ length: 16 }, () => 'd').join('/')],
    ['almost-ours', 'x.pikit-newer'],
    ['almost-ours-too', 'pikit-x'],
  ])('allows %s', (_name, path) => {
    expect(releasePathProblem(path)).toBeNull();
  });

  it.each([
    ['empty', ''],
    ['absolute', '/etc/passwd'],
    ['double-slash-root', '//etc/passwd'],
    ['root', '/'],
    ['dot', '.'],
    ['dot-dot', '..'],
    ['climbs-out', '../x'],
    ['climbs-out-inside', 'pikit-web/../../x'],
    ['climbs-and-returns', 'a/../a/x'],
    ['ends-in-dot-dot', 'a/..'],
    ['dot-component', 'a/./b'],
    ['trailing-slash', 'a/'],
    ['double-slash', 'a//b'],
    ['backslash-climb', '..\\x'],
    ['backslash', 'a\\b'],
    ['drive', 'C:/x'],
    ['drive-relative', 'C:x'],
    ['alternate-stream', 'a:stream'],
    ['nul', 'a\0b'],
    ['nul-at-the-end', 'index.html\0.png'],
    ['newline', 'a\nb'],
    ['newline-at-the-end', 'a\n'],
    ['carriage-return', 'a\rb'],
    ['tab', 'a\tb'],
    ['escape', '\u001b[31mred'],
    ['delete', 'a\u007f'],
    ['blank', 'a b'],
    ['trailing-blank', 'a '],
    ['quote', "a'b"],
    ['shell', '$(reboot)'],
    ['semicolon', 'a;b'],
    ['percent-encoded-climb', '%2e%2e/x'],
    ['tilde', '~/x'],
    ['umlaut-nfc', 'ä'],
    ['umlaut-nfd', 'a\u0308'],
    ['look-alike', 'pikit-web/іndex.html'],
    ['fullwidth-dots', '\uff0e\uff0e/x'],
    ['division-slash', 'a\u2215b'],
    ['right-to-left-override', 'a\u202eb'],
    ['zero-width', 'a\u200bb'],
    ['lone-surrogate', 'a\ud800'],
    ['two-hundred-and-one-characters', 'a'.repeat(201)],
    ['seventeen-levels', Array.from({ length: 17 }, () => 'd').join('/')],
    ['ours', '.pikit-x'],
    ['ours-inside', 'a/.pikit-tmp/b'],
    ['waiting-for-the-owner', 'x.pikit-new'],
  ])('refuses %s', (_name, path) => {
    expect(releasePathProblem(path)).not.toBeNull();
  });

  it.each([
    ['', 'it is empty'],
    ['a'.repeat(201), 'it has 201 characters, 200 are allowed'],
    ['/x', 'it is absolute'],
    ['a/../b', "it has a '.' or '..' component"],
    ['a b', 'only letters, digits and . _ @ + - are allowed, with single slashes between names'],
    ['a/'.repeat(16) + 'a', 'it is 17 levels deep, 16 are allowed'],
    ['.pikit-x', "names that start with '.pikit-' belong to the updater"],
    ['x.pikit-new', "names that end in '.pikit-new' belong to the updater"],
  ])('says why: %s', (path, problem) => {
    expect(releasePathProblem(path)).toBe(problem);
  });
});

describe('quotable', () => {
  it.each([
    ['plain', 'a/b c', 'a/b c'],
    ['escape-codes', '\u001b[2Jx', '?[2Jx'],
    ['lines', 'a\nb\r\u2028c\u0085', 'a?b??c?'],
    ['direction', 'a\u202ecod\u2066', 'a?cod?'],
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
