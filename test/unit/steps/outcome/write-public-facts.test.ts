import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { takeLock } from '../../../../lib/io/state/lock.ts';
import { apply } from '../../../../lib/steps/apply.ts';
import { writePublicFacts } from '../../../../lib/steps/outcome/write-public-facts.ts';
import { recoverStep } from '../../../../lib/steps/recover.ts';
import { rollback } from '../../../../lib/steps/rollback.ts';
import { receipt } from '../../../helpers/cli-device.ts';
import type { Device } from '../../../helpers/device.ts';
import { device, rootDeps, run, step, stepDeps } from '../../../helpers/device.ts';
import { install, onSite } from '../published.ts';

function published(on: Device) {
  return on.files.readPublished();
}

describe('publish', () => {
  it('tells after an apply and after a rollback what is installed, where a rollback goes, and what happened', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await install(on);
    writePublicFacts(stepDeps(on), 'apply', null);
    const after = published(on);
    expect(after).toMatchObject({ version: '1.1.0', installed: { branch: 'stable' }, rollback: { is: 'there', from: '1.1.0', to: '1.0.0' } });
    expect(after?.installed?.files.map(({ path }) => path)).toContain('/var/www/pikit-web/index.html');
    expect(after?.history).toEqual(on.files.readHistory());
    expect(fs.statSync(on.paths.published).mode & 0o777).toBe(0o644);
    await rollback(rootDeps(on));
    writePublicFacts(stepDeps(on), 'rollback', null);
    expect(published(on)).toMatchObject({ version: '1.0.0', rollback: { is: 'none' } });
  });

  it('says so while an update is open, and what recovery made of it', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    fs.writeFileSync(on.paths.journal, '{}');
    writePublicFacts(stepDeps(on), 'apply', null);
    expect(published(on)).toMatchObject({ rollback: { is: 'open' } });
    await recoverStep(stepDeps(on));
    writePublicFacts(stepDeps(on), 'recover', null);
    expect(published(on)?.rollback.is).not.toBe('open');
    expect(published(on)?.history).toEqual(on.files.readHistory());
  });

  it('does not write again what is known', () => {
    const on = device();
    writePublicFacts(stepDeps(on), 'recover', null);
    const { ino } = fs.statSync(on.paths.published);
    writePublicFacts(stepDeps(on), 'recover', null);
    expect(fs.statSync(on.paths.published).ino).toBe(ino);
  });

  it('keeps to root what programs wrote, the last result included', () => {
    const on = device();
    const deps = stepDeps(on);
    const [old, last] = [receipt({ message: 'old', lines: ['secret'] }), receipt({ message: 'last', lines: ['shown'] })];
    for (const one of [old, last]) on.files.appendHistory(one);
    on.files.writeState({ ...on.files.readState(), last_result: last });
    writePublicFacts(deps, 'apply', null);
    expect(published(on)?.history).toEqual([old, last].map((one) => ({ ...one, lines: [] })));
    for (const file of [on.paths.published, on.paths.state]) expect(fs.readFileSync(file, 'utf8')).not.toMatch(/secret|shown/);
    expect(on.files.readHistory()).toEqual([old, last]);
  });

  it('is done by the package, too, where no step of root has run yet', async () => {
    const on = device();
    fs.writeFileSync(on.paths.version, '1.0.0\n');
    on.files.appendHistory(receipt({ message: 'before' }));
    expect(await run('publish', on.root)).toMatchObject({ code: 0, err: '' });
    expect(published(on)).toMatchObject({ version: '1.0.0', history: [{ message: 'before' }] });
  });

  it('is left by the package to a step that runs', async () => {
    const on = device();
    const release = await takeLock(on.paths.lock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
    expect(await run('publish', on.root)).toMatchObject({ code: 0, err: '' });
    release();
    expect(published(on)).toBeNull();
  });

  it('is nothing that check and fetch could know', () => {
    const on = device();
    writePublicFacts(stepDeps(on), 'check', null);
    writePublicFacts(stepDeps(on), 'fetch', null);
    expect(fs.existsSync(on.paths.published)).toBe(false);
  });

  it('makes a damaged one anew', () => {
    const on = device();
    writePublicFacts(stepDeps(on), 'recover', null);
    fs.writeFileSync(on.paths.published, '{');
    const deps = stepDeps(on);
    writePublicFacts(deps, 'recover', null);
    expect(deps.said).toHaveLength(1);
    expect(published(on)).not.toBeNull();
  });

  it('never fails a step, and says once why it cannot write', () => {
    const on = device();
    const deps = stepDeps(on);
    const full = {
      ...deps,
      files: {
        ...deps.files,
        writePublished: () => {
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        },
      },
    };
    writePublicFacts(full, 'apply', new UpdateError('NO_SPACE', 'no space left'));
    expect(deps.said).toEqual([]);
    writePublicFacts(full, 'apply', null);
    expect(deps.said).toEqual(['warning: failed to write published.json, ignoring: no space left: ENOSPC: no space left on device']);
  });

  it('does not guess where the list of what is installed is damaged', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    writePublicFacts(stepDeps(on), 'apply', null);
    const before = published(on);
    fs.writeFileSync(on.paths.installed, 'x');
    fs.rmSync(on.at('/var/backups/pikit'), { recursive: true });
    writePublicFacts(stepDeps(on), 'apply', null);
    expect(published(on)).toEqual({ ...before, backup_path: null, rollback: { is: 'none' } });
  });
});

it('is what the programs do at their end, with the failure that made them end', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await step(on, 'apply');
  expect(published(on)).toMatchObject({ version: '1.0.0' });
  fs.rmSync(on.paths.config);
  expect(await step(on, 'apply')).toMatchObject({ code: 1 });
  expect(published(on)?.history.at(-1)).toMatchObject({ step: 'apply', outcome: 'failed', code: 'CONFIG_MISSING' });
  await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
});
