import { describe, expect, it } from 'vitest';
import { branchCommand } from '../../../lib/cli/branch.ts';
import { Settings } from '../../../lib/core/device/state.ts';
import { NOW, cliDevice } from '../../helpers/cli-device.ts';
import { containing } from '../../helpers/matchers.ts';
import { cacheDocument } from '../../helpers/source-cache.ts';

describe('branch list', () => {
  it.each(['branch', 'branch list'])('%s shows them, sends no request and changes nothing', async (line) => {
    const device = cliDevice();
    cacheDocument(device.deps, 'branches.json', [{ name: 'beta', display_name: 'Beta' }]);
    expect(await device.run(line)).toEqual({ exit: 0, out: '* stable  -  the default for every device\n  beta    -  Beta\n', err: '' });
    expect(device.asked).toEqual([]);
  });

  it('is the same as JSON, without hidden ones', async () => {
    const { deps } = cliDevice();
    deps.files.writeSettings(Settings.parse({ branch: 'beta' }));
    cacheDocument(deps, 'branches.json', [
      { name: 'beta', enabled: false },
      { name: 'test_1', visible: false },
    ]);
    const done = await branchCommand(deps, { json: true, wanted: { is: 'list' } });
    expect(done.json).toMatchObject({
      selected: 'beta',
      used: 'stable',
      why: 'disabled',
      message: "the branch 'beta' is disabled: using stable until it is enabled again",
      branches: [{ name: 'stable' }, { name: 'beta', enabled: false, selected: true, used: false, version: null }],
      notices: [],
    });
  });

  it('says how notices are taken away', async () => {
    const device = cliDevice();
    device.setState({ notices: [{ id: 'branch-removed:beta', message: "the branch 'beta' was removed", at: NOW.toISOString() }] });
    expect(await device.run('branch')).toMatchObject({
      out: containing("notice: the branch 'beta' was removed\n"),
      err: 'hint: `pikit-update branch --dismiss` dismisses notices\n',
    });
  });
});
