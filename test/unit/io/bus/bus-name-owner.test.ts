import { expect, it } from 'vitest';
import { nameOwner } from '../../../../lib/io/bus/bus-name-owner.ts';

it('waits for the name to have an owner, as often as it has none', async () => {
  const owner = nameOwner();
  const seen: string[] = [];
  const both = [owner.present(), owner.present()].map(async (present) => {
    await present;
    seen.push(owner.current());
  });
  expect(owner.current()).toBe('');
  owner.set(':1.5');
  await Promise.all(both);
  await owner.present();
  owner.set('');
  const again = owner.present().then(() => seen.push(owner.current()));
  owner.set(':1.9');
  await again;
  expect(seen).toEqual([':1.5', ':1.5', ':1.9']);
});
