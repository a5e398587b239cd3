import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../../lib/core/errors.ts';
import { UpdateError } from '../../../../lib/core/errors.ts';
import type { HeldVersion } from '../../../../lib/core/device/state.ts';
import { recordCommitted, recordUndone } from '../../../../lib/steps/outcome/transaction-result.ts';
import { toFailure } from '../../../../lib/steps/outcome/receipts.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { aJournal } from '../../../helpers/documents.ts';

const AT = NOW.toISOString();

function journal(overrides: Partial<Journal> = {}): Journal {
  return aJournal({ phase: 'applying', to: '1.1.0', ops: [], mkdirs: [], drift: [], failure: null, ...overrides });
}

function failed(code: ErrorCode): Pick<Journal, 'failure'> {
  return { failure: toFailure(new UpdateError(code, 'it broke')) };
}

function entry(attempts: number, reason: HeldVersion['reason'] = 'attempts', version = '1.1.0'): HeldVersion {
  return { version, reason, code: null, message: 'before', at: AT, attempts };
}

describe('after an undo', () => {
  it.each([
    ['apply', 'oom-kill', {}, 'installing 1.1.0 failed: the update was interrupted (out of memory). The device is still on 1.0.0'],
    ['apply', 'timeout', {}, 'installing 1.1.0 failed: the update was interrupted (time limit exceeded). The device is still on 1.0.0'],
    ['apply', 'signal', {}, 'installing 1.1.0 failed: the update was interrupted (killed). The device is still on 1.0.0'],
    ['apply', 'success', {}, 'installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0'],
    ['fetch', 'oom-kill', {}, 'installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0'],
    ['apply', 'signal', failed('IO_ERROR'), 'installing 1.1.0 failed: it broke. The device is still on 1.0.0'],
  ] as const)('says how a step was ended that could not: %s, %s', (step, result, overrides, message) => {
    const on = device();
    recordUndone(stepDeps(on, { killed: { step, result, exitStatus: 9 } }), 'rollback', journal(overrides));
    expect(on.files.readHistory()).toMatchObject([
      { message, hint: message.includes('was interrupted (') ? containing('journalctl -u pikit-update-apply') : null },
    ]);
  });

  it.each<[string, Partial<Journal>, HeldVersion[], [HeldVersion['reason'], number] | null]>([
    ['a service fell: held at once', failed('SERVICE_FAILED'), [], ['failed', 1]],
    ['a page did not answer: held at once', failed('PROBE_FAILED'), [], ['failed', 1]],
    ['a command of the release failed: held at once', failed('POST_INSTALL_FAILED'), [], ['failed', 1]],
    ['the disk failed: one attempt', failed('IO_ERROR'), [], ['attempts', 1]],
    ['killed: one attempt', {}, [], ['attempts', 1]],
    ['killed again: two', {}, [entry(1)], ['attempts', 2]],
    ['killed for the third time: held', {}, [entry(2)], ['attempts', 3]],
    ['killed while a failed version was tried again: stays held', {}, [entry(1, 'failed')], ['failed', 2]],
    ['killed while installing what the owner had left: stays left', {}, [entry(0, 'rolled-back')], ['rolled-back', 1]],
    ['killed three times while installing what the owner had left: held', {}, [entry(2, 'rolled-back')], ['attempts', 3]],
    ['a verdict after attempts', failed('PROBE_FAILED'), [entry(2)], ['failed', 3]],
    ['cancelled: counts nothing', failed('CANCELLED'), [], null],
    ['cancelled after attempts: counts nothing', failed('CANCELLED'), [entry(2)], ['attempts', 2]],
    ['cut short in preparation: counts nothing', { phase: 'preparing' }, [], null],
    ['no space in preparation: counts nothing', { phase: 'preparing', ...failed('NO_SPACE') }, [], null],
    ['a rollback: counts nothing', { kind: 'rollback' }, [], null],
  ])('%s', (_name, overrides, before, expected) => {
    const on = device();
    on.files.writeHeld({ schema: 1, versions: [...before, entry(1, 'failed', '0.9.0')] });
    recordUndone(stepDeps(on), 'apply', journal(overrides));
    const { versions } = on.files.readHeld();
    const found = versions.find((held) => held.version === '1.1.0');
    expect(found === undefined ? null : [found.reason, found.attempts]).toEqual(expected);
    expect(versions.some((held) => held.version === '0.9.0')).toBe(true);
    expect(on.files.readState().held).toEqual(versions);
  });

  it.each<[string, Partial<Journal>, string, string]>([
    ['a verdict', failed('PROBE_FAILED'), 'rolled-back', 'installing 1.1.0 failed: it broke. The device is still on 1.0.0'],
    ['a kill', {}, 'rolled-back', 'installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0'],
    ['a first release', { from: null }, 'rolled-back', 'installing 1.1.0 failed: the update was interrupted. No release is installed'],
    [
      'a failed preparation',
      { phase: 'preparing', ...failed('NO_SPACE') },
      'failed',
      'installing 1.1.0 failed: it broke. The device is still on 1.0.0',
    ],
    ['a cancel', failed('CANCELLED'), 'cancelled', 'installing 1.1.0 failed: it broke. The device is still on 1.0.0'],
    [
      'a rollback that was interrupted',
      { kind: 'rollback', from: '1.1.0', to: '1.0.0', phase: 'preparing' },
      'failed',
      'rolling back to 1.0.0 failed: the rollback was interrupted. The device is still on 1.1.0',
    ],
  ])('writes one receipt: %s', (_name, overrides, outcome, message) => {
    const on = device();
    recordUndone(stepDeps(on), 'apply', journal(overrides));
    recordUndone(stepDeps(on), 'recover', journal(overrides));
    expect(on.files.readHistory()).toHaveLength(1);
    expect(on.files.readHistory()[0]).toMatchObject({ outcome, message, tx: '0123abcd' });
    expect(on.files.readState().last_result).toMatchObject({ outcome, message });
  });

  it('says in the state that what was available is held now', () => {
    const on = device();
    const available = {
      version: '1.1.0',
      branch: 'stable',
      outcome: 'available' as const,
      reason: null,
      downgrade: false,
      manifest_sha256: 'x',
      released: null,
      changelog: '',
      notes: '',
      files: 1,
      bundle_bytes: null,
      tree_bytes: null,
    };
    on.files.writeState({ ...on.files.readState(), available });
    recordUndone(stepDeps(on), 'apply', journal());
    expect(on.files.readState().available).toMatchObject({ outcome: 'available' });
    recordUndone(stepDeps(on), 'apply', journal({ tx: '00000001', ...failed('PROBE_FAILED') }));
    expect(on.files.readState().available).toMatchObject({ outcome: 'held', reason: 'it failed here before (it broke)' });
  });

  it('never throws, and says what it could not write', () => {
    const on = device();
    fs.mkdirSync(dirname(on.paths.privateDir), { recursive: true });
    fs.writeFileSync(on.paths.privateDir, 'no folder');
    const deps = stepDeps(on);
    const receipt = recordUndone(deps, 'apply', journal());
    expect(receipt.outcome).toBe('rolled-back');
    expect(deps.said).toHaveLength(1);
    expect(deps.said[0]).toMatch(
      /^warning: failed to record the result, ignoring: .*\. The old files are restored\. Result: installing 1\.1\.0 failed/,
    );
  });
});

describe('after a commit', () => {
  it('lets others know before the journal closes, and state.json repeats it', () => {
    const on = device();
    on.files.writeHeld({ schema: 1, versions: [entry(1, 'failed', '0.9.0')] });
    on.files.writeState({ ...on.files.readState(), held: [entry(1, 'failed', '0.8.0')], drift: ['/old'] });
    fs.writeFileSync(on.paths.version, '1.1.0\n');
    fs.mkdirSync(on.at('/var/backups/pikit/20261122T100000.000Z'), { recursive: true });
    fs.mkdirSync(on.paths.privateDir, { recursive: true });
    fs.writeFileSync(on.paths.journal, '{}');
    const receipt = recordCommitted(stepDeps(on), 'apply', journal({ drift: ['/edited'] }));
    const facts = { held: [{ version: '0.9.0' }], drift: ['/edited'], backup_path: '/var/backups/pikit/20261122T100000.000Z' };
    expect(on.files.readPublished()).toMatchObject({ ...facts, version: '1.1.0', rollback: { is: 'damaged' }, history: [receipt] });
    expect(JSON.parse(on.read('/var/lib/pikit-update/state.json') ?? '')).toMatchObject({ ...facts, current: '1.1.0', last_result: receipt });
  });

  it('keeps what was downloaded where the mark of it cannot be removed: it would mark what is not there', () => {
    const on = device();
    const folder = `${on.paths.cacheDir}/1.1.0`;
    fs.mkdirSync(folder, { recursive: true });
    const files = {
      ...on.files,
      removeStaged: () => {
        throw new UpdateError('IO_ERROR', 'the disk errs');
      },
    };
    const receipt = recordCommitted({ ...stepDeps(on), files }, 'apply', journal({ phase: 'committed' }));
    expect(receipt.message).toContain('the disk errs');
    expect(fs.existsSync(folder)).toBe(true);
    recordCommitted(stepDeps(on), 'apply', journal({ phase: 'committed' }));
    expect(fs.existsSync(folder)).toBe(false);
  });

  it('a version that is installed is no longer held', () => {
    const on = device();
    on.files.writeHeld({ schema: 1, versions: [entry(3), entry(1, 'failed', '0.9.0')] });
    on.files.writeStaged({ version: '1.1.0', branch: 'stable', manifest_sha256: 'x', at: AT });
    fs.mkdirSync(`${on.paths.cacheDir}/1.1.0/tree`, { recursive: true });
    const receipt = recordCommitted(stepDeps(on), 'apply', journal());
    expect(receipt).toMatchObject({ outcome: 'ok', message: '1.1.0 is installed (before: 1.0.0)' });
    expect(on.files.readHeld().versions.map((held) => held.version)).toEqual(['0.9.0']);
    expect(on.files.readStaged()).toBeNull();
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual([]);
    expect(on.files.readState()).toMatchObject({
      current: '1.1.0',
      latest: '1.1.0',
      available: null,
      staged: null,
      last_result: receipt,
    });
  });

  it('of a rollback, the version that was left is not installed by itself', () => {
    const on = device();
    const receipt = recordCommitted(stepDeps(on), 'rollback', journal({ kind: 'rollback', from: '1.1.0', to: '1.0.0' }));
    expect(receipt.message).toBe('rolled back from 1.1.0 to 1.0.0');
    expect(on.files.readHeld().versions).toEqual([
      { version: '1.1.0', reason: 'rolled-back', code: null, message: 'you rolled it back', at: AT, attempts: 0 },
    ]);
  });

  it('writes one line however often it is repeated', () => {
    const on = device();
    recordCommitted(stepDeps(on), 'apply', journal());
    recordCommitted(stepDeps(on), 'recover', journal());
    expect(on.files.readHistory()).toHaveLength(1);
  });

  it('keeps what happened in a history with torn lines', () => {
    const on = device();
    fs.mkdirSync(on.paths.privateDir, { recursive: true });
    fs.writeFileSync(on.paths.history, '{"step":"apply"}\ngarbage\n{"step":"fet');
    recordCommitted(stepDeps(on), 'apply', journal());
    expect(on.files.readHistory()).toHaveLength(1);
    expect(fs.readFileSync(on.paths.history, 'utf8').split('\n')).toHaveLength(5);
  });

  it('starts a new list of held versions when the old one is damaged, and says so', () => {
    const on = device();
    fs.mkdirSync(on.paths.privateDir, { recursive: true });
    fs.writeFileSync(on.paths.held, '{"schema":1,"versions":[{}]}');
    const deps = stepDeps(on);
    recordCommitted(deps, 'apply', journal());
    expect(deps.said[0]).toContain(`moved it to '${on.paths.held}.damaged'`);
  });
});
