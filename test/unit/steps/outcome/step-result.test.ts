import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { recordEnd, recordFailure } from '../../../../lib/steps/outcome/step-result.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';
import { tryAgain } from '../../../helpers/wish.ts';

const FACTS = { step: 'apply' as const, at: NOW, tookMs: 5 };
const FAILURE = new UpdateError('NO_SPACE', 'no space left', { hint: 'free some' });
const STAGED = { version: '1.1.0', branch: 'stable', manifest_sha256: 'x', at: NOW.toISOString() };

describe('recordEnd', () => {
  it('is the last result, and no line of history', () => {
    const on = device();
    recordEnd(stepDeps(on), FACTS, { outcome: 'nothing', message: 'nothing to do', from: '1.0.0' });
    expect(on.files.readState().last_result).toMatchObject({ outcome: 'nothing', message: 'nothing to do', from: '1.0.0', to: null, duration_ms: 5 });
    expect(on.files.readHistory()).toEqual([]);
  });

  it('leaves alone what a transaction has written', () => {
    const on = device();
    recordEnd(stepDeps(on), FACTS, { outcome: 'ok', message: 'installed', recorded: true });
    recordEnd(stepDeps(on), FACTS, { outcome: 'failed', failure: FAILURE, recorded: true });
    expect(on.files.readState().last_result).toBeNull();
    recordEnd(stepDeps(on), FACTS, { outcome: 'failed', failure: FAILURE, recorded: false });
    expect(on.files.readState().last_result).toMatchObject({ outcome: 'failed', code: 'NO_SPACE' });
  });

  it.each([
    ['check', 'ok'],
    ['fetch', 'ok'],
    ['rollback', 'nothing'],
  ] as const)('does not hide that the device is broken, until a step of root comes to something: %s, %s', (step, outcome) => {
    const on = device();
    recordFailure(stepDeps(on), { ...FACTS, step: 'recover' }, new UpdateError('BROKEN', 'it cannot be undone', { hint: 'look' }));
    recordEnd(stepDeps(on), { ...FACTS, step }, { outcome, message: 'done' });
    expect(on.files.readState().last_result?.outcome).toBe('broken');
    expect(on.read('/var/lib/pikit-update/state.json')).toContain('"broken"');
    recordFailure(stepDeps(on), FACTS, FAILURE);
    expect(on.files.readState().last_result).toMatchObject({ step: 'apply', outcome: 'failed' });
  });

  it('says that it could not be written', () => {
    const on = device();
    // Nothing is written through a link.
    fs.rmSync(on.paths.stateDir, { recursive: true, force: true });
    fs.mkdirSync(`${on.paths.stateDir}-away`, { recursive: true });
    fs.symlinkSync(`${on.paths.stateDir}-away`, on.paths.stateDir);
    const deps = stepDeps(on);
    recordEnd(deps, FACTS, { outcome: 'ok', message: 'done' });
    expect(deps.said).toHaveLength(1);
    expect(deps.said[0]).toMatch(/^warning: failed to record the result, ignoring: /);
  });
});

describe('recordFailure', () => {
  it.each([
    ['apply', '1.1.0'],
    ['fetch', '1.1.0'],
    ['check', null],
    ['rollback', null],
    ['recover', null],
  ] as const)('is the last result and one line of history, with the versions that are known: %s', (step, to) => {
    const on = device();
    on.files.writeState({ ...on.files.readState(), current: '1.0.0', staged: STAGED });
    recordFailure(stepDeps(on), { ...FACTS, step }, FAILURE);
    const last = on.files.readState().last_result;
    expect(last).toMatchObject({ step, outcome: 'failed', code: 'NO_SPACE', hint: 'free some', from: '1.0.0', to, duration_ms: 5 });
    expect(on.files.readHistory()).toEqual([last]);
  });

  it.each(['check', 'fetch', 'apply', 'rollback'] as const)('leaves what the owner has agreed to since, which is of the next run: %s', (step) => {
    const on = device();
    on.files.writeWanted(tryAgain(NOW, '1.1.0'));
    recordFailure(stepDeps(on), { ...FACTS, step }, FAILURE);
    expect(on.files.readWanted()).toEqual(tryAgain(NOW, '1.1.0'));
  });

  it.each([
    ['fetch', 0],
    ['apply', 1],
  ] as const)('leaves the history to root when it may not write there: %s', (step, warnings) => {
    const on = device();
    fs.mkdirSync(on.at('/var/lib'), { recursive: true });
    fs.writeFileSync(on.paths.privateDir, 'not a folder');
    const deps = stepDeps(on);
    recordFailure(deps, { ...FACTS, step }, FAILURE);
    expect(on.files.readState().last_result).toMatchObject({ code: 'NO_SPACE' });
    expect(deps.said).toHaveLength(warnings);
  });

  it('says one failure once', () => {
    const on = device();
    const deps = stepDeps(on, {});
    const full = {
      ...deps,
      files: {
        ...deps.files,
        writeState: () => {
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        },
      },
    };
    recordFailure(full, FACTS, FAILURE);
    expect(deps.said).toEqual([]);
    recordFailure(full, FACTS, new UpdateError('OFFLINE', 'no line'));
    expect(deps.said).toHaveLength(1);
  });
});
