import { describe, expect, it } from 'vitest';
import { passphrases } from '../../../../lib/release/keys/passphrase.ts';

/** A terminal that answers in order, and what it was asked. */
function answering(...answers: string[]): { asked: string[]; open: () => { ask: (question: string) => string } } {
  const asked: string[] = [];
  const ask = (question: string): string => {
    asked.push(question);
    return answers.shift() ?? '';
  };
  return { asked, open: () => ({ ask }) };
}

describe('of keys that are made', () => {
  it('is asked for twice, once for all keys of a run', () => {
    const { asked, open } = answering('five words of a manager', 'five words of a manager');
    const ours = passphrases({}, open);
    expect([ours.toMake(), ours.toMake(), ours.toOpen('a key', false)]).toEqual(Array(3).fill('five words of a manager'));
    expect(asked).toEqual(['new passphrase for the keys: ', 'the same again: ']);
  });

  it.each([
    ['two that differ', ['five words of a manager', 'six words of a manager'], 'the two passphrases differ'],
    ['one that is short', ['seven77'], 'the passphrase has 7 characters, 8 are the least'],
  ])('refuses %s', (_name, answers, message) => {
    expect(() => passphrases({}, answering(...answers).open).toMake()).toThrow(expect.objectContaining({ code: 'KEY_INVALID', message }));
  });
});

describe('of keys that are there', () => {
  it('is asked for again where it does not open one', () => {
    const { asked, open } = answering('mistyped', 'as it is');
    const ours = passphrases({}, open);
    expect([ours.toOpen('the key', false), ours.toOpen('the key', true)]).toEqual(['mistyped', 'as it is']);
    expect(asked).toEqual(['passphrase of the key: ', 'passphrase of the key: ']);
  });

  it('comes from the environment, and there is no other one then', () => {
    const { asked, open } = answering();
    const ours = passphrases({ PIKIT_KEY_PASSPHRASE: 'from the environment' }, open);
    expect([ours.toOpen('the key', false), ours.toOpen('the key', true)]).toEqual(['from the environment', null]);
    expect(asked).toEqual([]);
  });

  it('says where to put it if there is no terminal', () => {
    const missing: unknown = expect.objectContaining({ code: 'KEY_MISSING', hint: 'put it into the environment as PIKIT_KEY_PASSPHRASE' });
    expect(() => passphrases({ PIKIT_KEY_PASSPHRASE: '' }, () => null).toOpen('the key', false)).toThrow(missing);
    expect(() => passphrases({}, () => null).toMake()).toThrow(missing);
  });
});
