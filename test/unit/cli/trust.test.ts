import { expect, it } from 'vitest';
import { cliDevice } from '../../helpers/cli-device.ts';
import { matching } from '../../helpers/matchers.ts';

it.each([
  ['trust', /^this device does not verify signatures/],
  ['trust show', /^this device does not verify signatures/],
  ['trust reset', /^this device trusts no root: there is nothing to remove/],
])('%s does what it is named', async (line, said) => {
  const device = cliDevice();
  expect(await device.run(line)).toMatchObject({ exit: 0, out: matching(said) });
});

it('sets what a file has', async () => {
  const device = cliDevice();
  expect((await device.run(`trust ${device.root}/none.json --yes`)).err).toMatch(/^error: 'ROOT\/none\.json' does not exist/);
});
