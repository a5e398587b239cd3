import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cliDevice } from '../../helpers/cli-device.ts';
import { matching } from '../../helpers/matchers.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';

describe('plan', () => {
  it('says why there is none', async () => {
    const device = cliDevice();
    expect(await device.run('plan')).toMatchObject({ exit: 0, out: 'nothing is known yet; run `pikit-update check`\n' });
    device.setState({ last_check: '2026-11-20T09:00:00.000Z' });
    expect(JSON.parse((await device.run('plan --json')).out)).toEqual({ plan: null, reason: 'no release is available, so there is nothing to plan' });
  });

  it('fails as an installation would, and when the manifest is not there any more', async () => {
    const { device } = plannedDevice();
    fs.rmSync(`${device.deps.paths.cacheDir}/source/manifest.json`);
    expect(await device.run('plan')).toMatchObject({ exit: 1, err: matching(/^error: '.*' is not the manifest of 1\.4\.0/) });
  });
});
