/** The built programs on a device without a source. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { device, step } from '../../helpers/device.ts';

const TIMER = { env: { TRIGGER_UNIT: 'pikit-update.timer', INVOCATION_ID: 'abc' } };
const HINT = /set the source in '.*update\.toml': \[source\], and below it type = "static" and url = /;

it.each([
  ['no file', null],
  ['no source', ''],
  ['an empty source', '[source]\n'],
  ['a source without an address', '[source]\ntype = "static"\n'],
  ['an empty address', '[source]\ntype = "static"\nurl = ""\n'],
])("the timer's check does nothing, and the owner's fails and says what to set: %s", async (_name, text) => {
  const on = device();
  fs.rmSync(on.paths.config);
  if (text !== null) fs.writeFileSync(on.paths.config, text);
  const timer = await step(on, 'check', TIMER);
  expect(timer).toMatchObject({ code: 0, err: '' });
  expect(timer.out).toMatch(/^no source is set yet: /);
  expect(on.files.readState().last_result).toMatchObject({ step: 'check', outcome: 'nothing', code: null });

  const byHand = await step(on, 'check');
  expect(byHand.code).toBe(1);
  if (text === null) expect(byHand.err).toContain('[CONFIG_MISSING]');
  else expect(byHand.err).toMatch(HINT);
});

it('a typing error is no source that is not set yet', async () => {
  const on = device();
  fs.writeFileSync(on.paths.config, '[source]\ntype = "static"\nulr = "https://updates.example.org/"\n');
  expect(await step(on, 'check', TIMER)).toMatchObject({ code: 1, out: '' });
});
