import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { RunRecord } from '../../../lib/core/run-record.ts';
import type { StepDeps } from '../../../lib/steps/deps.ts';
import { RecordedFailure } from '../../../lib/steps/recorded-failure.ts';
import { openRunLog } from '../../../lib/steps/run-log.ts';
import { receipt } from '../../helpers/cli-device.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, device, step, stepDeps } from '../../helpers/device.ts';
import { onSite } from './published.ts';

const OK = { outcome: 'ok', message: 'done', to: '1.1.0' } as const;
const FELL = new UpdateError('PROBE_FAILED', 'nobody answers', { hint: 'look' });

function as(on: Device, run: string, more: Partial<StepDeps> = {}): StepDeps {
  return stepDeps(on, { run, ...more });
}
const record = (on: Device): RunRecord | null => on.files.readRunRecord();
const told = (on: Device): string[] => record(on)?.steps.map(({ step: name, outcome }) => `${name} ${String(outcome)}`) ?? [];

describe('a step', () => {
  it('is on record from when it begins, and says at its end what it came to', () => {
    const on = device();
    const log = openRunLog(as(on, 'check-1', { byTimer: true }), 'check', 7);
    expect(record(on)).toMatchObject({ id: 'check-1', by: 'timer', steps: [{ step: 'check', pid: 7, ended: null, outcome: null }] });
    log.done(OK);
    expect(record(on)?.steps).toMatchObject([{ ended: NOW.toISOString(), outcome: 'ok', message: 'done', code: null, version: '1.1.0' }]);
  });

  it('goes on with the run that granted it, and leaves the token to itself', () => {
    const on = device();
    openRunLog(as(on, 'check-1', { byTimer: true }), 'check', 7).done(OK);
    fs.mkdirSync(on.paths.granted, { recursive: true });
    fs.writeFileSync(`${on.paths.granted}/fetch`, JSON.stringify({ run: 'check-1', until: 'apply', by: 'timer' }));
    openRunLog(as(on, 'fetch-1'), 'fetch', 8).done(OK);
    expect([record(on)?.id, told(on)]).toEqual(['check-1', ['check ok', 'fetch ok']]);
    expect(on.files.takeToken('fetch')).toMatchObject({ run: 'check-1' });
  });

  it('says why it failed; where a transaction has told, in its words', () => {
    const on = device();
    openRunLog(as(on, 'a'), 'apply', 7).failed(FELL);
    expect(record(on)?.steps).toMatchObject([{ outcome: 'failed', code: 'PROBE_FAILED', message: 'nobody answers', hint: 'look' }]);
    on.files.writeState({ ...on.files.readState(), last_result: receipt({ outcome: 'rolled-back', code: 'PROBE_FAILED', to: '1.1.0' }) });
    openRunLog(as(on, 'b'), 'apply', 7).failed(new RecordedFailure(FELL));
    expect(record(on)?.steps).toMatchObject([{ outcome: 'rolled-back', version: '1.1.0' }]);
    openRunLog(as(on, 'c'), 'apply', 7).failed(new UpdateError('CANCELLED', 'stopped'));
    expect(told(on)).toEqual(['apply cancelled']);
  });

  it('is not stopped by a run folder that takes nothing', () => {
    const on = device();
    fs.mkdirSync(on.at('/run'));
    fs.writeFileSync(on.paths.runDir, 'no folder');
    const log = openRunLog(as(on, 'a'), 'apply', 7);
    log.done(OK);
    log.failed(FELL);
    expect(fs.readFileSync(on.paths.runDir, 'utf8')).toBe('no folder');
  });
});

describe('how long it took', () => {
  it.each([
    ['check', 'ok', { check: [40], fetch: [] }],
    ['check', 'nothing', { check: [40], fetch: [] }],
    ['fetch', 'ok', { check: [], fetch: [40] }],
    ['fetch', 'nothing', { check: [], fetch: [] }],
    ['apply', 'ok', { check: [], fetch: [] }],
  ] as const)('is kept of a %s that came to %s, without its wait for the lock', (name, outcome, expected) => {
    const on = device();
    const times = [10, 50];
    openRunLog(as(on, 'a', { tookMs: () => times.shift() ?? 0 }), name, 7).done({ ...OK, outcome });
    expect(on.files.readTimings()).toEqual({ schema: 1, ...expected });
  });
});

it('is one run when the programs are run by hand, one after the other', async () => {
  const { on } = await onSite(['1.0.0']);
  await step(on, 'check');
  expect(told(on)).toEqual(['check ok']);
  await step(on, 'fetch');
  await step(on, 'apply');
  expect(told(on)).toEqual(['fetch ok', 'apply ok']);
  await step(on, 'rollback');
  expect(told(on)).toEqual(['rollback ok']);
});
