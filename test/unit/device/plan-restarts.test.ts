import fs from 'node:fs';
import { expect, it } from 'vitest';
import { readConfig } from '../../../lib/io/state/config-file.ts';
import { readPlan } from '../../../lib/device/plan.ts';
import { withRestarts } from '../../../lib/device/plan-restarts.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';
import { writeTree } from '../../helpers/tree.ts';

const API = '/usr/local/bin/pikit-api.py';

async function stale(restart: string, unit: string | null, meant: readonly string[], manager = 'systemd'): Promise<readonly string[] | undefined> {
  const { device } = plannedDevice();
  const { deps, root } = device;
  fs.writeFileSync(`${root}${API}`, '#!/usr/bin/python3\nolder\n');
  fs.writeFileSync(
    deps.paths.config,
    `[source]\ntype = "static"\nurl = "http://127.0.0.1:9/"\n[services]\nmanager = "${manager}"\nrestart = ["${restart}"]\nallow = ["other.service"]\n`,
  );
  if (unit !== null) writeTree(root, { [`/etc/systemd/system/${unit}`]: `[Service]\nExecStart=/usr/bin/python3 ${API}\n` });
  const units = await deps.units();
  const here = {
    ...deps,
    loadConfig: () => readConfig(deps.paths.config),
    units: () => Promise.resolve({ ...units, isMeantToRun: (name: string) => Promise.resolve(meant.includes(name)) }),
  };
  const { plan } = readPlan(here);
  expect(plan?.unrestarted).toEqual([API]);
  return plan === null ? undefined : (await withRestarts(here, plan)).unrestarted;
}

it.each<[string, string, string | null, readonly string[], boolean]>([
  ['its-service-is-restarted', 'pikit-api.service', 'pikit-api.service', ['pikit-api.service'], false],
  ['its-service-is-not-there', 'pikit-api.service', null, [], true],
  ['another-service-runs-it', 'pikit-api.service', 'dashboard.service', ['dashboard.service'], true],
  ['that-one-is-restarted', 'dashboard.service', 'dashboard.service', ['dashboard.service'], false],
])('%s', async (_name, restart, unit, meant, isStale) => {
  expect(await stale(restart, unit, meant)).toEqual(isStale ? [API] : []);
});

it('goes by the list where no manager can be asked', async () => {
  expect(await stale('pikit-api.service', null, [], 'none')).toEqual([]);
  expect(await stale('x.service', null, [], 'none')).toEqual([API]);
});
