import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findKilled, recordKilledStep } from '../../../../lib/steps/outcome/killed-step.ts';
import { openRunLog } from '../../../../lib/steps/outcome/run-steps.ts';
import { receipt } from '../../../helpers/cli-device.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { tryAgain } from '../../../helpers/wish.ts';

describe('a step after one that was killed', () => {
  it('records it once, with when it began', () => {
    const on = device();
    openRunLog(stepDeps(on, { run: 'a' }), 'check', 7);
    const next = stepDeps(on, { run: 'b' });
    recordKilledStep(next, 'fetch');
    expect(on.files.readState().last_result).toMatchObject({
      step: 'check',
      outcome: 'failed',
      code: 'STEP_FAILED',
      message: `the last check ended without a result; it started at ${NOW.toISOString()}`,
    });
    expect(on.files.readHistory()).toHaveLength(1);
    recordKilledStep(next, 'fetch');
    expect(on.files.readHistory()).toHaveLength(1);
  });

  it.each(['fetch', 'apply'] as const)('leaves what the owner has ordered since, which is of the step that tells it: %s', (killed) => {
    const on = device();
    openRunLog(stepDeps(on, { run: 'a' }), killed, 7);
    on.files.writeWanted(tryAgain(NOW, '1.1.0'));
    recordKilledStep(stepDeps(on, { run: 'b' }), 'apply');
    expect([on.files.readHistory().length, on.files.readWanted()]).toEqual([1, tryAgain(NOW, '1.1.0')]);
  });

  it.each([
    ['the step has told itself', 'check', 'fetch'],
    ['an apply whose rollback goes on with it', 'apply', 'rollback'],
    ['an apply whose journal is open', 'apply', 'apply'],
  ] as const)('leaves to others what they tell: %s', (name, killed, next) => {
    const on = device();
    openRunLog(stepDeps(on, { run: 'a' }), killed, 7);
    if (killed === 'check') on.files.writeState({ ...on.files.readState(), last_result: receipt({ step: 'check', at: NOW.toISOString() }) });
    if (name.includes('journal')) {
      fs.mkdirSync(on.paths.privateDir, { recursive: true });
      fs.writeFileSync(on.paths.journal, '{}');
    }
    recordKilledStep(stepDeps(on, { run: 'b' }), next);
    expect(on.files.readHistory()).toEqual([]);
    expect(on.files.readRunRecord()?.steps).toMatchObject([{ ended: null }]);
  });

  it('says how, where its unit knows', () => {
    const on = device();
    openRunLog(stepDeps(on, { run: 'a' }), 'fetch', 7);
    recordKilledStep(stepDeps(on, { run: 'b', killed: { step: 'fetch', result: 'oom-kill', exitStatus: 9 } }), 'check');
    const told = { code: 'STEP_FAILED', hint: containing('MemoryMax='), message: containing('the last fetch failed (out of memory)') };
    expect(on.files.readState().last_result).toMatchObject(told);
    expect(on.files.readHistory()).toMatchObject([told]);
  });

  it('has nothing to say where all steps have ended', () => {
    const on = device();
    recordKilledStep(stepDeps(on, { run: 'a' }), 'check');
    openRunLog(stepDeps(on, { run: 'a' }), 'check', 7).ended({ outcome: 'nothing', message: 'x' });
    recordKilledStep(stepDeps(on, { run: 'b' }), 'check');
    expect(on.files.readState().last_result).toBeNull();
  });
});

describe('how it was killed', () => {
  const ending = (invocation: string) => () => Promise.resolve({ result: 'timeout', exitStatus: 15, invocation });

  it('is what the unit says of that very run', async () => {
    const on = device();
    openRunLog(stepDeps(on, { run: 'a' }), 'check', 7);
    const next = stepDeps(on, { run: 'b' });
    expect(await findKilled(next, ending('a'))).toEqual({ step: 'check', result: 'timeout', exitStatus: 15 });
    expect(await findKilled(next, ending('b'))).toBeNull();
    expect(await findKilled(next, () => Promise.resolve(null))).toBeNull();
  });

  it('is not asked for where no step was', async () => {
    const on = device();
    const next = stepDeps(on, { run: 'b' });
    const never = (): never => {
      throw new Error('asked');
    };
    expect(await findKilled(next, never)).toBeNull();
    openRunLog(stepDeps(on, { run: 'a' }), 'check', 7).ended({ outcome: 'nothing', message: 'x' });
    expect(await findKilled(next, never)).toBeNull();
  });
});
