import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readOwnReceipts, readReceipts } from '../../../lib/device/history.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { SILENT, cliDevice, receipt } from '../../helpers/cli-device.ts';

const ONE = receipt({ message: 'one' });
const TWO = receipt({ message: 'two' });

it('is oldest first', () => {
  const { deps } = cliDevice();
  expect(readReceipts(deps)).toEqual([]);
  for (const one of [ONE, TWO]) deps.files.appendHistory(one);
  expect(readReceipts(deps)).toEqual([ONE, TWO]);
});

it('has what failed programs wrote for root on its own terminal only', () => {
  const { deps } = cliDevice();
  const failed = receipt({ message: 'failed', lines: ['password=hunter2'] });
  deps.files.appendHistory(failed);
  expect(readOwnReceipts(deps)).toEqual([failed]);
  expect(readReceipts(deps)).toEqual([{ ...failed, lines: [] }]);
});

describe.skipIf(process.getuid?.() !== 0)('for others than root (needs root)', () => {
  it('takes root to know', async () => {
    const { root, deps } = cliDevice();
    deps.files.appendHistory(ONE);
    fs.writeFileSync(deps.paths.version, '1.3.0\n');
    await expect(asAnotherUser(root, () => readReceipts(deps))).rejects.toMatchObject({ code: 'PERMISSION', hint: 'sudo pikit-update history' });
  });

  it('is what root has published', async () => {
    const { root, deps } = cliDevice();
    deps.files.appendHistory(ONE);
    writePublicFacts({ ...deps, log: SILENT }, 'apply', null);
    expect(await asAnotherUser(root, () => readReceipts(deps))).toEqual([ONE]);
    fs.writeFileSync(deps.paths.version, '1.4.0\n');
    expect(await asAnotherUser(root, () => readReceipts(deps))).toEqual([ONE]);
  });

  it('is empty where nothing was ever installed', async () => {
    const { root, deps } = cliDevice();
    expect(await asAnotherUser(root, () => readReceipts(deps))).toEqual([]);
  });
});
