import { expect, it } from 'vitest';
import { metadataChain } from '../../../../lib/io/trust/metadata-chain.ts';
import { roleFacts, stateOf } from '../../../../lib/io/trust/role-facts.ts';
import { TUF_NOW, memoryStore, tufRepository } from '../../../helpers/tuf-repository.ts';

it('tells what is there, and leaves out what is not known', async () => {
  const repository = tufRepository();
  repository.delegate('branch-nightly');
  Reflect.deleteProperty(repository.timestamp, 'x-pikit-expiry-days');
  repository.publish();
  Reflect.deleteProperty(repository.timestamp, 'x-pikit-signed-at');
  const chain = metadataChain({ initialRoot: repository.initialRoot, store: memoryStore(), source: repository.source(), now: TUF_NOW });
  const { trusted } = await chain.refreshed();
  const facts = roleFacts(trusted, chain);
  expect(facts.map(({ role, version, expiryDays }) => [role, version, expiryDays])).toEqual([
    ['root', 1, 365],
    ['targets', 2, 180],
    ['snapshot', 2, 30],
    ['timestamp', 2, null],
    // Its metadata was not asked for.
    ['branch-nightly', null, null],
  ]);
  expect(stateOf(trusted)).toMatchObject({ timestamp: 2, signedAt: TUF_NOW });
});
