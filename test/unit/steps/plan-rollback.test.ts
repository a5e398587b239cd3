import fs from 'node:fs';
import { expect, it } from 'vitest';
import { planRollback } from '../../../lib/steps/plan-rollback.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { rootDeps } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import { install, onSite } from './published.ts';

it('is the way to the release before, and changes nothing', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await install(on);
  const before = on.tree();
  const deps = rootDeps(on);
  const planned = planRollback(deps, deps.loadConfig());
  expect(planned).toMatchObject({ is: 'planned', from: '1.1.0', to: '1.0.0', installed: { version: '1.1.0' } });
  expect(on.tree()).toEqual(before);
  expect(deps.said).toEqual(['info: rolling back from 1.1.0 to 1.0.0']);
});

it('ends where the backup leads away from another release', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await install(on);
  await rollback(rootDeps(on));
  const deps = rootDeps(on);
  expect(planRollback(deps, deps.loadConfig())).toEqual({
    is: 'nothing',
    why: matching(/^nothing to roll back to: the backup also contains 1\.0\.0/),
  });
});

it('takes no older backup in place of a damaged one', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await install(on);
  fs.writeFileSync(on.at(`${on.files.readState().backup_path ?? ''}/backup.json`), '{}');
  const deps = rootDeps(on);
  expect(() => planRollback(deps, deps.loadConfig())).toThrow(expect.objectContaining({ code: 'BACKUP_INVALID' }));
});
