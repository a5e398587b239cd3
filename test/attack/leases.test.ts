/**
 * Root works while the user of the network steps has leases (fcntl(2), F_SETLEASE) on all of its files: a process that opens one of them
 * waits for lease-break-time, 45 s, or is told EAGAIN. None of it keeps root from going back, and none is an error of the card.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apply } from '../../lib/steps/apply.ts';
import { fetchRelease } from '../../lib/steps/fetch.ts';
import { recoverStep } from '../../lib/steps/recover.ts';
import { rollback } from '../../lib/steps/rollback.ts';
import { readInstalled } from '../../lib/transaction/change/installed.ts';
import { planChange } from '../../lib/transaction/plan/plan.ts';
import { startApplying, open } from '../../lib/transaction/transaction.ts';
import { NOW, netDeps, rootDeps, stepDeps } from '../helpers/device.ts';
import { UPDATER, leasing } from '../helpers/other-users.ts';
import { shareFolders } from '../helpers/shared-folders.ts';
import { removal } from '../unit/steps/changes.ts';
import { onSite } from '../unit/steps/published.ts';

describe.skipIf(process.geteuid?.() !== 0)('leases on every file of the network steps', () => {
  it('keep no rollback from happening, and no transaction open', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    shareFolders(on.root, on.paths);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    const { stateDir, runDir, next } = on.paths;
    const names = ['state.json', 'staged', 'timings.json'].map((name) => `${stateDir}/${name}`);
    const leased = [...names, `${runDir}/run.json`, `${runDir}/progress.json`, `${next}/apply`];
    for (const path of leased) {
      if (!fs.existsSync(path)) fs.writeFileSync(path, '{}');
      fs.chownSync(path, UPDATER, UPDATER);
    }
    const worker = await leasing(leased);
    const began = performance.now();
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    expect(on.files.readVersion()).toBe('1.0.0');
    expect(fs.existsSync(on.paths.journal)).toBe(false);
    const { place } = stepDeps(on);
    const installed = readInstalled(place);
    const about = { kind: 'apply', from: '1.0.0', to: '1.1.0', branch: 'stable', now: NOW, backup: null } as const;
    startApplying(place, open(place, about, planChange(place, removal(installed)), installed));
    expect(await recoverStep(stepDeps(on))).toMatchObject({ outcome: 'rolled-back' });
    expect(fs.existsSync(on.paths.journal)).toBe(false);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(worker.count()).toBeGreaterThan(leased.length - 1);
  });

  it.each(['manifest.json', 'tree/pikit-web/index.html'])('have what was staged brought anew: %s', async (name) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    shareFolders(on.root, on.paths);
    const { cacheDir } = on.paths;
    execFileSync('chown', ['-R', `${String(UPDATER)}:${String(UPDATER)}`, cacheDir]);
    await leasing([`${cacheDir}/1.1.0/${name}`]);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'STAGED_INVALID' });
    expect(on.files.readVersion()).toBe('1.0.0');
    expect(fs.existsSync(on.paths.journal)).toBe(false);
  });
});
