import { expect, it } from 'vitest';
import { shareRequests } from '../../../../lib/io/bus/share-requests.ts';

/** Questions that are answered by the test. */
function questions() {
  const asked: { key: string; answer: (value: string) => void; fail: (error: Error) => void }[] = [];
  const ask = shareRequests<string>((key) => new Promise((answer, fail) => asked.push({ key, answer, fail })));
  return { asked, ask };
}

it('puts two questions for many who ask at once, and gives no caller an answer older than the question', async () => {
  const { asked, ask } = questions();
  const first = ask('a');
  const later = [ask('a'), ask('a'), ask('a')];
  expect(asked).toHaveLength(1);
  asked[0]?.answer('old');
  expect(await first).toBe('old');
  await new Promise(setImmediate);
  expect(asked).toHaveLength(2);
  const last = ask('a');
  asked[1]?.answer('new');
  expect(await Promise.all(later)).toEqual(['new', 'new', 'new']);
  await new Promise(setImmediate);
  asked[2]?.answer('newest');
  expect(await last).toBe('newest');
  expect(asked).toHaveLength(3);
});

it('keeps keys apart, and forgets what is answered', async () => {
  const { asked, ask } = questions();
  const both = [ask('a'), ask('b')];
  expect(asked.map(({ key }) => key)).toEqual(['a', 'b']);
  asked[0]?.answer('1');
  asked[1]?.answer('2');
  expect(await Promise.all(both)).toEqual(['1', '2']);
  const again = ask('a');
  asked[2]?.answer('3');
  expect(await again).toBe('3');
});

it('fails for whom the question failed, and goes on for the others', async () => {
  const { asked, ask } = questions();
  const first = ask('a');
  const later = ask('a');
  asked[0]?.fail(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await new Promise(setImmediate);
  asked[1]?.answer('back');
  expect(await later).toBe('back');
});
