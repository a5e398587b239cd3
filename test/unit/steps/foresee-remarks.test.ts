import { expect, it } from 'vitest';
import { Receipt } from '../../../lib/core/device/state.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { netDeps, rootDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { install, onSite } from './published.ts';

const API = '/usr/local/bin/pikit-api.py';

it('says in the receipt that nothing restarts the API script', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0'], { restart: [] });
  await fetchRelease(netDeps(on));
  const deps = rootDeps(on);
  await apply(deps);
  const receipt = on.files.readState().last_result;
  expect(Receipt.parse(receipt)).toMatchObject({
    outcome: 'ok',
    message: `1.1.0 is installed (before: 1.0.0); nothing restarts '${API}': it keeps running the old file`,
    hint: containing('services.restart'),
    unrestarted: [API],
  });
  expect(on.files.readHistory().at(-1)).toEqual(receipt);
  expect(deps.said).toContainEqual(containing(`warning: nothing restarts '${API}'`));
});

it('says nothing of it where a service of its name, or one that runs it, is restarted', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await install(on);
  expect(on.files.readState().last_result).toMatchObject({ outcome: 'ok', message: '1.1.0 is installed (before: 1.0.0)', hint: null });

  const other = await onSite(['1.0.0', '1.1.0'], { restart: ['dashboard.service'] });
  writeTree(other.on.root, { 'etc/systemd/system/dashboard.service': `[Service]\nExecStart=/usr/bin/python3 ${API}\n` });
  await install(other.on);
  expect(other.on.files.readState().last_result).not.toHaveProperty('unrestarted');
});

it('names what is found before a command of the system, once', async () => {
  const { on, publish } = await onSite(['1.0.0']);
  writeTree(on.root, { 'usr/bin/sudo': 'the system’s own' });
  const sudo = { data: '#!/bin/sh\n', mode: 0o755 };
  await install(on);
  await publish('1.1.0', { files: { ...dashboard('1.1.0'), 'helpers/sudo': sudo } });
  await install(on);
  expect(on.files.readState().last_result).toMatchObject({
    message: containing("'/usr/local/bin/sudo' is found before the system command '/usr/bin/sudo'"),
    shadows: [{ path: '/usr/local/bin/sudo', command: '/usr/bin/sudo' }],
  });
  await publish('1.2.0', { files: { ...dashboard('1.2.0'), 'helpers/sudo': { data: '#!/bin/sh\n:\n', mode: 0o755 } } });
  await install(on);
  expect(on.files.readState().last_result).not.toHaveProperty('shadows');
  expect((await rollback(rootDeps(on))).outcome).toBe('ok');
});
