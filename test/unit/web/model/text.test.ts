import { expect, it } from 'vitest';
import { capitalized, joined, plainText } from '../../../../web/model/text.ts';

it('shows control characters, and takes away what turns or hides text', () => {
  expect(plainText('a\u001b[31mb\u0000\u007f\u009b')).toBe('a\u241b[31mb\u2400\u2421\u2421');
  expect(plainText('\u202eexe.gpj\u2066\u200e\u200bx\ufeff')).toBe('exe.gpjx');
});

it('leaves writing of any language, emoji, tabs and line ends as they are', () => {
  const text = 'Grün לבדיקה 夜 🌙 👩\u200d🔧\tx\ny';
  expect(plainText(text)).toBe(text);
  expect(plainText('a\r\nb\rc')).toBe('a\nb\nc');
});

it('puts together what there is', () => {
  expect([joined(['a', null, 'b']), joined([null, 'b'], ', '), joined([])]).toEqual(['a · b', 'b', '']);
});

it('begins a sentence', () => {
  expect([capitalized('the source'), capitalized('Ärger'), capitalized('')]).toEqual(['The source', 'Ärger', '']);
});
