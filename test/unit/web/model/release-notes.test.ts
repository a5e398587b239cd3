import { describe, expect, it } from 'vitest';
import type { NotesPart } from '../../../../web/model/release-notes.ts';
import { parseNotes, safeLink } from '../../../../web/model/release-notes.ts';
import { readMockStates } from '../../../helpers/played.ts';

const text = (words: string): NotesPart => ({ text: words, href: null });

describe('notes', () => {
  it('are text in the lines that they were written in', () => {
    const notes = 'Faster start page.\nAnd smaller.\n\n## Fixes\n- the chart\n- backups\n  and restores';
    expect(parseNotes(`\n${notes}\r\n\n`)).toEqual([text(notes)]);
  });

  it('are none for notes of nothing', () => {
    expect([parseNotes(''), parseNotes(' \n\t\n')]).toEqual([[], []]);
  });

  it('keep every word of notes that are hostile, and none of what they would do', () => {
    expect(parseNotes(readMockStates().state('available-hostile-notes').available?.notes ?? '')).toEqual([
      text('<script>alert(1)</script><img src=x onerror=alert(2)>\n\u241b[31mred\u241b[0m gnp.exe\n[click](javascript:alert(3))\n"\'`${7*7}'),
    ]);
  });

  it('are bounded, and made at once from whatever there is', () => {
    const begun = performance.now();
    const hostile = ['['.repeat(70_000), 'https://a' + '.'.repeat(70_000), '[a](https:'.repeat(7000), '- '.repeat(40_000), '\n'.repeat(70_000)];
    for (const notes of hostile) expect(JSON.stringify(parseNotes(notes)).length).toBeLessThan(400_000);
    expect(JSON.stringify(parseNotes('a'.repeat(100_000))).length).toBeLessThan(66_000);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('links', () => {
  it('are addresses as they are written, without what ends the sentence', () => {
    expect(parseNotes('See https://example.org/a?b=1#c, or (http://example.org/x).')).toEqual([
      text('See '),
      { text: 'https://example.org/a?b=1#c', href: 'https://example.org/a?b=1#c' },
      text(', or ('),
      { text: 'http://example.org/x', href: 'http://example.org/x' },
      text(').'),
    ]);
    expect(parseNotes('https://en.example/wiki/Pi_(computer)')).toMatchObject([{ href: 'https://en.example/wiki/Pi_(computer)' }]);
  });

  it('with a text of their own say where they lead', () => {
    expect(parseNotes('[https://bank.example](https://evil.example/x) and [the docs](https://docs.example:8080/)')).toEqual([
      { text: 'https://bank.example (evil.example)', href: 'https://evil.example/x' },
      text(' and '),
      { text: 'the docs (docs.example:8080)', href: 'https://docs.example:8080/' },
    ]);
  });

  it.each([
    'javascript:alert(1)',
    '[x](javascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](//evil.example/)',
    '[x](ftp://example.org/)',
    'https://user:pass@example.org/',
    'https://example.org@evil.example/',
    '[x](https://good.example@evil.example)',
    'https://ex\u0430mple.org/',
    'https://xn--80ak6aa92e.com/',
    'https://\uff45xample.org/',
    'https://exa%6dple.org/',
    'https:\\\\example.org',
    'https:/example.org',
    'https://',
    'https://:80/',
  ])('are not made of %s', (notes) => {
    expect(parseNotes(notes)).toEqual([text(notes)]);
  });
});

describe('an address', () => {
  it('is safe when it is http or https, to a host that is written plainly', () => {
    expect(safeLink('https://git.example.org/pikit/releases/tag/v1.5.0')).toBe('https://git.example.org/pikit/releases/tag/v1.5.0');
    expect(safeLink('HTTPS://Git.Example.org:443/')).toBe('https://git.example.org/');
    expect(safeLink('https://example.org/gr\u00fcn')).toBe('https://example.org/gr%C3%BCn');
  });

  it.each([
    '',
    'javascript:alert(4)',
    'example.org',
    '/x',
    'https://a b/',
    'https://example.org/\u202egnp',
    `https://example.org/${'a'.repeat(2000)}`,
  ])('is not safe: %s', (url) => {
    expect(safeLink(url)).toBeNull();
  });
});
