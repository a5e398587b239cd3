/** Every command shows text of others as text: files that a hostile user of the network steps wrote, in every value that is free. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { Progress, Receipt, State, emptyState } from '../../../lib/core/device/state.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

const EVIL = 'x\u001b[2J\u001b]0;title\u0007\u009b31m\u202e\u2066\u200f\u061c\u2028\u0085\r\nforged: all is well\ud800';
const AT = '2026-11-20T10:00:00.000Z';

// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/;

function hostileDevice() {
  const on = cliDevice();
  const { paths } = on.deps;
  const write = (path: string, value: unknown): void => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  };
  const last = receipt({ outcome: 'failed', message: EVIL, code: EVIL, hint: EVIL, subject: EVIL, lines: [EVIL], from: EVIL, to: EVIL });
  const more = { drift: [EVIL], kept: [EVIL], foreign: [{ path: EVIL, sha256: 'a'.repeat(64), copy: EVIL }], left: [EVIL] };
  const available = {
    ...{ version: '1.5.0', branch: 'stable', outcome: 'incompatible', reason: EVIL, hint: EVIL, downgrade: false, manifest_sha256: 'a'.repeat(64) },
    ...{ released: EVIL, changelog: EVIL, notes: EVIL, files: 1, bundle_bytes: 1, tree_bytes: 1 },
  };
  const held = [{ version: '1.4.9', reason: 'failed', code: EVIL, message: EVIL, at: AT, attempts: 0 }];
  const notices = [{ id: EVIL, message: EVIL, at: AT }];
  // As the schemas let it be: what is not so is put aside, and shown nowhere.
  write(paths.state, State.parse({ ...emptyState(), last_result: { ...last, ...more }, available, held, notices, drift: [EVIL] }));
  write(paths.history, `${JSON.stringify(Receipt.parse({ ...last, ...more }))}\n`);
  const progress = {
    ...{ step: 'fetch', phase: EVIL, version: EVIL, percent: 1, bytes: null, total_bytes: null, rate_bytes_per_s: null, can_cancel: true },
    ...{ pid: process.pid, invocation: null, started: AT, updated: AT },
  };
  write(paths.progress, Progress.parse(progress));
  write(paths.runRecord, { evil: EVIL });
  return on;
}

it.each([['status'], ['plan'], ['history'], ['branch list'], ['branch'], ['branch --dismiss'], ['auto'], [`branch ${EVIL}`], [`skip${EVIL}`]])(
  'shows no control character and turns nothing around: %#',
  async (command) => {
    const { out, err } = await hostileDevice().run(command);
    expect(`${out}${err}`).not.toMatch(CONTROLS);
    expect(`${out}${err}`).not.toMatch(/^forged/m);
    expect(`${out}${err}`).not.toBe('');
    if (['status', 'plan', 'history', 'branch --dismiss'].includes(command)) expect(out).toContain('title');
  },
);

it.each(['status', 'history', 'plan', 'auto'])('writes JSON that a terminal may show, and that is read back as it was: %s', async (command) => {
  const { out } = await hostileDevice().run(`${command} --json`);
  expect(out).not.toMatch(CONTROLS);
  const value: unknown = JSON.parse(out);
  if (command === 'history') expect(value).toMatchObject([{ message: EVIL, from: EVIL }]);
});
