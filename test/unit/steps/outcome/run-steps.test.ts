import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import type { RunRecord } from '../../../../lib/core/run/run-record.ts';
import type { StepDeps, StepFailure } from '../../../../lib/steps/deps.ts';
import { openRunLog } from '../../../../lib/steps/outcome/run-steps.ts';
import { PROGRESS, receipt } from '../../../helpers/cli-device.ts';
import type { Device } from '../../../helpers/device.ts';
import { NOW, device, step, stepDeps } from '../../../helpers/device.ts';
import { onSite } from '../published.ts';

const OK = { outcome: 'ok', message: 'done', to: '1.1.0' } as const;
const FELL = new UpdateError('PROBE_FAILED', 'no response', { hint: 'look' });

const failed = (failure: UpdateError, recorded = false): StepFailure => ({ outcome: 'failed', failure, recorded });

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
    log.ended(OK);
    expect(record(on)?.steps).toMatchObject([{ ended: NOW.toISOString(), outcome: 'ok', message: 'done', code: null, version: '1.1.0' }]);
  });

  it('goes on with the run that granted it, and leaves the token to itself', () => {
    const on = device();
    openRunLog(as(on, 'check-1', { byTimer: true }), 'check', 7).ended(OK);
    fs.mkdirSync(on.paths.granted, { recursive: true });
    fs.writeFileSync(`${on.paths.granted}/fetch`, JSON.stringify({ run: 'check-1', until: 'apply', by: 'timer' }));
    openRunLog(as(on, 'fetch-1'), 'fetch', 8).ended(OK);
    expect([record(on)?.id, told(on)]).toEqual(['check-1', ['check ok', 'fetch ok']]);
    expect(on.files.takeToken('fetch')).toMatchObject({ run: 'check-1' });
  });

  it('says why it failed; where a transaction has told, in its words', () => {
    const on = device();
    openRunLog(as(on, 'a'), 'apply', 7).ended(failed(FELL));
    expect(record(on)?.steps).toMatchObject([{ outcome: 'failed', code: 'PROBE_FAILED', message: 'no response', hint: 'look' }]);
    on.files.writeState({ ...on.files.readState(), last_result: receipt({ outcome: 'rolled-back', code: 'PROBE_FAILED', to: '1.1.0' }) });
    openRunLog(as(on, 'b'), 'apply', 7).ended(failed(FELL, true));
    expect(record(on)?.steps).toMatchObject([{ outcome: 'rolled-back', version: '1.1.0' }]);
    openRunLog(as(on, 'c'), 'apply', 7).ended(failed(new UpdateError('CANCELLED', 'stopped')));
    expect(told(on)).toEqual(['apply cancelled']);
  });

  it.each([
    ['goes on, with the token that it leaves', 'ok', true],
    ['does not go on without one', 'ok', false],
    ['does not go on after a failure', 'failed', true],
  ] as const)('of the timer %s', (_name, outcome, isLeft) => {
    const on = device();
    on.files.writeSettings({ ...on.files.readSettings(), auto: 'install' });
    const log = openRunLog(as(on, 'check-1', { byTimer: true }), 'check', 7);
    if (isLeft) on.files.leaveToken('fetch', { run: 'check-1', until: 'apply', by: 'timer' });
    log.ended(outcome === 'ok' ? OK : failed(FELL));
    const goesOn = outcome === 'ok' && isLeft;
    expect(record(on)).toMatchObject({ kind: goesOn ? 'update' : 'check', ended: goesOn ? null : NOW.toISOString() });
  });

  it('writes what it reports, with what is known of this device from before', () => {
    const on = device();
    on.files.writeTimings({ schema: 1, check: [], fetch: [30_000] });
    on.files.writePublished({ schema: 1, version: null, installed: null, rollback: { is: 'none' }, history: [receipt({ duration_ms: 10_000 })] });
    const readHistory = (): never => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    };
    fs.mkdirSync(on.paths.runDir, { recursive: true });
    fs.symlinkSync('b'.repeat(32), on.paths.begun);
    const log = openRunLog({ ...as(on, 'a'), files: { ...on.files, readHistory } }, 'fetch', 7);
    log.report({ ...PROGRESS, step: 'fetch' });
    expect(record(on)).toMatchObject({ percent: 30, seconds_left: 16, now: { phase: 'downloading', bytes: PROGRESS.bytes } });
    log.ended(failed(FELL));
    expect(record(on)).toMatchObject({ now: null, kind: 'update', ended: NOW.toISOString() });
  });

  it('leaves the update that was started by hand to the apply that it is for, when it is the timer’s', () => {
    const on = device();
    openRunLog(as(on, 'a', { granted: { run: 'x', until: 'fetch', by: 'timer' } }), 'fetch', 7).ended(OK);
    fs.symlinkSync('b'.repeat(32), on.paths.begun);
    openRunLog(as(on, 'b', { granted: { run: 'x', until: 'fetch', by: 'timer' } }), 'fetch', 7).ended(OK);
    expect(on.files.readBegun()?.id).toBe('b'.repeat(32));
    openRunLog(as(on, 'c'), 'apply', 7);
    expect([record(on)?.id, on.files.readBegun()]).toEqual(['b'.repeat(32), null]);
  });

  it.each([
    ['that waited for another run is of the update that was asked for', 60_000, 'update'],
    ['after another run is not of an update whose download gave up waiting for that', 0, 'download'],
  ])('%s', (_name, waitedMs, kind) => {
    const on = device();
    openRunLog(as(on, 'a'), 'check', 7).ended(OK);
    fs.symlinkSync('b'.repeat(32), on.paths.begun);
    const asked = new Date(NOW.getTime() - 1000);
    fs.lutimesSync(on.paths.begun, asked, asked);
    openRunLog(as(on, 'c', { tookMs: () => waitedMs }), 'fetch', 7);
    expect([record(on)?.kind, on.files.readBegun()]).toEqual([kind, null]);
  });

  it('is not stopped by a run folder that takes nothing', () => {
    const on = device();
    fs.mkdirSync(on.at('/run'));
    fs.writeFileSync(on.paths.runDir, 'no folder');
    const log = openRunLog(as(on, 'a'), 'apply', 7);
    log.ended(OK);
    log.ended(failed(FELL));
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
    openRunLog(as(on, 'a', { tookMs: () => times.shift() ?? 0 }), name, 7).ended({ ...OK, outcome });
    expect(on.files.readTimings()).toEqual({ schema: 1, ...expected });
  });
});

it('is one run from the link that opens it, by the programs alone', async () => {
  const { on } = await onSite(['1.0.0']);
  await step(on, 'check');
  expect(told(on)).toEqual(['check ok']);
  fs.symlinkSync('b'.repeat(32), on.paths.begun);
  await step(on, 'fetch');
  expect(record(on)).toMatchObject({ id: 'b'.repeat(32), kind: 'update', ended: null });
  expect(fs.readdirSync(on.paths.runDir)).not.toContain('begun');
  await step(on, 'apply');
  expect([told(on), record(on)?.percent === null, record(on)?.ended === null]).toEqual([['fetch ok', 'apply ok'], false, false]);
  await step(on, 'rollback');
  expect(told(on)).toEqual(['rollback ok']);
});
