import { describe, expect, it } from 'vitest';
import { rollbackTarget } from '../../../lib/device/rollback-target.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { SILENT, cliDevice } from '../../helpers/cli-device.ts';

describe('rollbackTarget', () => {
  it('is what root finds', () => {
    expect(rollbackTarget(cliDevice().deps)).toEqual({ is: 'none' });
  });

  it.skipIf(process.getuid?.() !== 0)('is private to others, until root has published it (needs root)', async () => {
    const { root, deps } = cliDevice();
    expect(await asAnotherUser(root, () => rollbackTarget(deps))).toEqual({ is: 'private' });
    writePublicFacts({ ...deps, log: SILENT }, 'apply', null);
    expect(await asAnotherUser(root, () => rollbackTarget(deps))).toEqual({ is: 'none' });
  });
});
