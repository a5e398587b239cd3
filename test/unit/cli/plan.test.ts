import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { planCommand } from '../../../lib/cli/plan.ts';
import { PlanSummary } from '../../../lib/core/plan-summary.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { matching } from '../../helpers/matchers.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';

describe('plan', () => {
  it('says why there is none', async () => {
    const device = cliDevice();
    expect(await device.run('plan')).toMatchObject({ exit: 0, out: 'nothing is known yet: `pikit-update check` asks\n' });
    device.setState({ last_check: '2026-11-20T09:00:00.000Z' });
    expect(JSON.parse((await device.run('plan --json')).out)).toEqual({ plan: null, reason: 'nothing is available: there is nothing to plan' });
  });

  it('is the whole of what an installation would do', () => {
    const { device } = plannedDevice();
    const done = planCommand(device.deps, { json: true });
    expect(done).toMatchObject({
      exit: 0,
      json: {
        plan: {
          version: '1.4.0',
          from: '1.3.0',
          branch: 'stable',
          outcome: 'available',
          staged: false,
          download_bytes: 20_000,
          added: [
            { path: '/var/www/pikit-web/new.js', old_bytes: null, new_bytes: 4 },
            { path: '/var/www/pikit-web/settings.json.pikit-new', old_bytes: null, new_bytes: 16 },
          ],
          changed: [{ path: '/var/www/pikit-web/index.html', old_bytes: 12, new_bytes: 13 }],
          removed: [{ path: '/var/www/pikit-web/gone.js', old_bytes: 5, new_bytes: null }],
          edited: ['/var/www/pikit-web/index.html'],
          conflicts: ['/var/www/pikit-web/settings.json.pikit-new'],
          unchanged: 2,
          problem: null,
          restarts: ['pikit-api.service', 'other.service'],
          commands: ['pikit-api.py --migrate'],
        },
      },
    });
    const { plan } = z.object({ plan: PlanSummary }).parse(done.json);
    expect(plan.rooms).toMatchObject([{ needed_bytes: 4096 * (5 + 5 + 3) }]);
  });

  it('needs no download for what is staged, and says what does not fit', () => {
    const { device } = plannedDevice();
    const { available } = device.deps.files.readState();
    device.deps.files.writeStaged({
      version: '1.4.0',
      branch: 'stable',
      manifest_sha256: available?.manifest_sha256 ?? '',
      at: '2026-11-20T09:00:00.000Z',
    });
    const freeSpace = (path: string) => ({ ...device.deps.freeSpace(path), bytes: 4096 });
    expect(planCommand({ ...device.deps, freeSpace }, { json: true }).json).toMatchObject({
      plan: {
        staged: true,
        download_bytes: 0,
        rooms: [{ needed_bytes: 4096 * 3, free_bytes: 4096 }],
        problem: { code: 'NO_SPACE', hint: matching(/free/) },
      },
    });
  });

  it('fails as an installation would, and when the manifest is not there any more', async () => {
    const { device } = plannedDevice();
    fs.rmSync(`${device.deps.paths.cacheDir}/source/manifest.json`);
    expect(await device.run('plan')).toMatchObject({ exit: 1, err: matching(/^error: '.*' is not the manifest of 1\.4\.0/) });
  });

  it('changes nothing', () => {
    const { device } = plannedDevice();
    const tree = () => fs.readdirSync(device.root, { recursive: true, encoding: 'utf8' }).sort();
    const before = tree();
    planCommand(device.deps, { json: false });
    expect(tree()).toEqual(before);
  });
});
