import { expect, it } from 'vitest';
import { agreedTo } from '../../../lib/cli/ask.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

const asking = { question: 'Do it?', yes: false, json: false, way: 'add --yes' };

it('asks once, and takes the answer', async () => {
  const { deps, printed } = cliDevice();
  const asked: string[] = [];
  const answering = (answer: boolean) => ({
    ...deps,
    ask: (question: string) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  });
  expect(await agreedTo(answering(true), asking)).toBe(true);
  expect([await agreedTo(answering(false), asking), printed().out]).toEqual([false, 'nothing was changed\n']);
  expect(asked).toEqual(['Do it? [y/N] ', 'Do it? [y/N] ']);
});

it('asks nothing where it was answered, and takes silence for no consent', async () => {
  const { deps } = cliDevice();
  expect(await agreedTo(deps, { ...asking, yes: true })).toBe(true);
  const refusal = { code: 'USAGE', hint: 'add --yes; nothing was changed' };
  await expect(agreedTo(deps, asking)).rejects.toMatchObject(refusal);
  await expect(agreedTo({ ...deps, ask: () => Promise.resolve(true) }, { ...asking, json: true })).rejects.toMatchObject(refusal);
});
