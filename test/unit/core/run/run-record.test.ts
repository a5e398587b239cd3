import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../../lib/core/run/run-record.ts';
import { RunRecord as Schema, nextOf, stepBegun, stepEnded, updateBegun } from '../../../../lib/core/run/run-record.ts';
import type { Receipt } from '../../../../lib/core/device/state.ts';
import { NOW } from '../../../helpers/cli-device.ts';
import { stepStart } from '../../../helpers/run-start.ts';

const BEGUN = { id: 'b'.repeat(32), at: '2026-11-20T11:59:00.000Z' };
const later = new Date(NOW.getTime() + 2000);
const TIMER = { byTimer: true, auto: 'install' } as const;

const ended = (record: RunRecord, outcome: Receipt['outcome'], goesOn = false): RunRecord =>
  stepEnded(record, record.steps.at(-1)?.invocation ?? '', { at: later, outcome, code: null, message: 'so', hint: null, version: '1.4.0' }, goesOn);
const token = (run: string, until: 'fetch' | 'apply' | 'rollback' = 'apply') =>
  ({ run, until, by: until === 'rollback' ? 'apply' : 'timer' }) as const;
const told = ({ id, kind, by, plan }: RunRecord): string => [id === BEGUN.id ? 'begun' : id, kind, by, ...plan].join(' ');

describe('a run that is opened', () => {
  it.each([
    ['a check by hand', stepStart('check', { auto: 'install' }), 'check-1 check owner check'],
    ['a check of the timer that may install', stepStart('check', TIMER), 'check-1 update timer check fetch apply'],
    ['one that may download', stepStart('check', { ...TIMER, auto: 'download' }), 'check-1 download timer check fetch'],
    ['one that may not', stepStart('check', { ...TIMER, auto: 'check' }), 'check-1 check timer check'],
    ['a download by hand', stepStart('fetch'), 'fetch-1 download owner fetch'],
    ['the download of an update by hand', stepStart('fetch', { begun: BEGUN }), 'begun update owner fetch apply'],
    ['a download of the timer whose run is lost', stepStart('fetch', { token: token('x', 'fetch'), begun: BEGUN }), 'fetch-1 download timer fetch'],
    ['the same on its way to an update', stepStart('fetch', { token: token('x') }), 'fetch-1 update timer fetch apply'],
    ['an installation of what is downloaded', stepStart('apply', { begun: BEGUN }), 'begun update owner apply'],
    ['one that nothing opened', stepStart('apply'), 'apply-1 update owner apply'],
    ['a rollback', stepStart('rollback', { begun: BEGUN }), 'rollback-1 rollback owner rollback'],
    ['that of an apply whose run is lost', stepStart('rollback', { token: token('x', 'rollback') }), 'rollback-1 rollback owner rollback'],
    ['a recovery', stepStart('recover'), 'recover-1 recovery owner recover'],
  ])('by %s', (_name, start, expected) => {
    expect(told(Schema.parse(stepBegun(null, start)))).toBe(expected);
  });

  it('was opened when it was asked for', () => {
    expect(stepBegun(null, stepStart('fetch', { begun: BEGUN })).opened).toBe(BEGUN.at);
    expect(stepBegun(null, stepStart('check')).opened).toBe(NOW.toISOString());
    expect(updateBegun(BEGUN)).toMatchObject({ id: BEGUN.id, kind: 'update', by: 'owner', steps: [], opened: BEGUN.at });
  });
});

describe('a step that begins', () => {
  const checked = ended(stepBegun(null, stepStart('check', TIMER)), 'ok', true);
  const fetched = ended(stepBegun(null, stepStart('fetch', { begun: BEGUN })), 'ok', true);

  it('goes on with the run that its token names', () => {
    const fetching = stepBegun(checked, stepStart('fetch', { token: token('check-1') }));
    const applying = stepBegun(ended(fetching, 'ok', true), stepStart('apply', { token: token('check-1'), begun: BEGUN }));
    const back = stepBegun(applying, stepStart('rollback', { token: token('apply-1', 'rollback') }));
    expect(told(back)).toBe('check-1 update timer check fetch apply rollback');
    expect(back.steps.map(({ step }) => step)).toEqual(['check', 'fetch', 'apply', 'rollback']);
  });

  it.each([
    ['goes on with the download before it', fetched, 'begun', 2],
    ['also when that had nothing to do', ended(stepBegun(null, stepStart('fetch', { begun: BEGUN })), 'nothing', true), 'begun', 2],
    ['is a run of its own after a download alone', ended(stepBegun(null, stepStart('fetch')), 'ok'), 'apply-1', 1],
    ['is one after a download that failed', ended(stepBegun(null, stepStart('fetch', { begun: BEGUN })), 'failed'), 'apply-1', 1],
    [
      'is the owner’s own after the timer’s download',
      ended(stepBegun(checked, stepStart('fetch', { token: token('check-1') })), 'ok', true),
      'apply-1',
      1,
    ],
  ] as const)('by hand, an apply %s', (_name, record, id, count) => {
    const run = stepBegun(record, stepStart('apply'));
    expect([told(run).split(' ')[0], run.steps.length]).toEqual([id, count]);
  });

  it('by hand, a rollback is a run of its own, also after an apply that was killed', () => {
    expect(told(stepBegun(stepBegun(null, stepStart('apply')), stepStart('rollback')))).toBe('rollback-1 rollback owner rollback');
  });

  it('knows how far the run is, but for a check that may go on', () => {
    expect(stepBegun(null, stepStart('check')).percent).toBe(0);
    const open = stepBegun(null, stepStart('check', TIMER));
    expect(open.percent).toBeNull();
    expect(stepBegun(ended(open, 'ok', true), stepStart('fetch', { token: token('check-1') })).percent).toBe(0);
    expect(stepBegun({ ...fetched, percent: 67 }, stepStart('apply')).percent).toBe(67);
  });
});

describe('a step that ends', () => {
  const open = stepBegun(null, stepStart('check', TIMER));

  it('says so in its own line, once, and ends the run', () => {
    const record = ended(stepBegun(null, stepStart('rollback')), 'ok');
    expect(record).toMatchObject({
      ended: later.toISOString(),
      steps: [{ ended: later.toISOString(), outcome: 'ok', message: 'so', version: '1.4.0' }],
    });
    expect(ended(record, 'failed')).toEqual(record);
  });

  it('leaves the run open when that goes on, and names the next step', () => {
    const record = ended(open, 'ok', true);
    expect([record.ended, record.kind, nextOf(record)]).toEqual([null, 'update', 'fetch']);
    expect(nextOf(open)).toBeNull();
    expect(nextOf(updateBegun(BEGUN))).toBe('fetch');
  });

  it('was a check, when it does not go on', () => {
    expect(told(ended(open, 'nothing'))).toBe('check-1 check timer check');
    expect(told(ended(open, 'failed'))).toBe('check-1 check timer check');
  });

  it('leaves the record of another run alone', () => {
    expect(stepEnded(open, 'other', { at: NOW, outcome: 'ok', code: null, message: '', hint: null, version: null })).toBe(open);
  });
});
