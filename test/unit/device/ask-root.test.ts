import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askForRoot } from '../../../lib/device/ask-root.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

const UNIT = 'pikit-update-ask-root.service';

it('starts the unit, and takes what it leaves', async () => {
  const on = cliDevice();
  fs.mkdirSync(on.deps.paths.asked, { recursive: true });
  on.onStart = () => {
    fs.writeFileSync(join(on.deps.paths.asked, 'root.json'), 'bytes');
    return 'done';
  };
  expect(await askForRoot(on.deps)).toEqual({ bytes: Buffer.from('bytes'), place: "the source 'http://127.0.0.1:9/'" });
  expect(on.asked).toEqual([`start ${UNIT}`]);
});

it('says what the unit has said', async () => {
  const on = cliDevice();
  fs.mkdirSync(on.deps.paths.asked, { recursive: true });
  on.onStart = () => {
    fs.writeFileSync(
      join(on.deps.paths.asked, 'failure.json'),
      JSON.stringify({ code: 'OFFLINE', message: 'no network', hint: 'look at the cable' }),
    );
    return 'failed';
  };
  await expect(askForRoot(on.deps)).rejects.toMatchObject({ code: 'OFFLINE', message: 'no network', hint: 'look at the cable' });
});

it('stops the unit when its owner leaves it', async () => {
  const on = cliDevice();
  on.onStart = () => {
    on.interrupt();
    return 'canceled';
  };
  await expect(askForRoot(on.deps)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(on.asked).toEqual([`start ${UNIT}`, `stop ${UNIT}`]);
});

it('starts nothing where no source is set', async () => {
  const on = cliDevice();
  fs.rmSync(on.deps.paths.config);
  await expect(askForRoot(on.deps)).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
  expect(on.asked).toEqual([]);
});
