/**
 * The power goes in the middle of an update or of a way back, at points all over both of them, on a device that boots again.
 * It comes up on exactly the release that the journal promised, and not before that is done does anything answer. No one can
 * ask a device that is off, so that is seen by when systemd let each unit begin.
 */
import { beforeAll, expect, it } from 'vitest';
import type { Phase } from '../../../lib/transaction/types.ts';
import { naming } from '../../crash/kill/kill.ts';
import type { Point } from '../../crash/kill/strace.ts';
import { EXHAUSTIVE, atLeast } from '../../crash/plan.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built } from '../../helpers/release-builder.ts';
import type { Calls, Step } from './traced.ts';
import { callsOf, freezeAt } from './traced.ts';

const PHASES: readonly Phase[] = ['preparing', 'applying', 'committed'];
/** How many points of each phase: of the short run, and of the long one, 64 on two images. */
const PLAN: Readonly<Record<Step, Readonly<Record<Phase, readonly [number, number]>>>> = {
  apply: { preparing: [2, 8], applying: [3, 7], committed: [2, 4] },
  rollback: { preparing: [2, 5], applying: [2, 5], committed: [1, 3] },
};
const TIMEOUT_MS = 20 * 60_000;
const SERVING = ['nginx.service', 'pikit-api.service', 'dietpi-dashboard-frontend.service'];

function planned(step: Step, phase: Phase): number {
  return PLAN[step][phase][EXHAUSTIVE ? 1 : 0];
}

function evenly(points: readonly Point[], count: number): Point[] {
  return Array.from({ length: count }, (_none, index) => points[Math.floor(((index + 0.5) * points.length) / count)]).filter(
    (point) => point !== undefined,
  );
}

/** The points of a step to cut at, first those that lead nowhere. */
function cutsOf(step: Step, calls: Calls): Point[] {
  return PHASES.flatMap((phase) => evenly(calls[phase], planned(step, phase)));
}

/** Defines the suite for one image; each image has a test file of its own, so that two devices live at a time. */
export function tellCuts(image: DeviceImage): void {
  describeOnDevice(image, `power cuts on ${image}`, () => {
    let device: PikitDevice;
    let older: Built;
    let newer: Built;
    let began = '';

    beforeAll(async () => {
      const stage = await onDevice(image, { settle: '50ms' });
      ({ device, began } = stage);
      older = await stage.install({ version: '1.0.0', web: '5.17.14', extra: { 'pikit-web/assets/gone.js': 'old\n' } });
      newer = await stage.publish({ version: '1.1.0', web: '5.18.2', extra: { 'pikit-web/new/deep.js': 'new\n' } });
      return stage.end;
    });

    /** Nothing answered before the recovery was over, everything answers now, and all of it is of this release. */
    const expectUp = async (release: Built): Promise<void> => {
      const [recover, ...serving] = await Promise.all(['pikit-update-recover.service', ...SERVING].map((name) => device.unit(name)));
      expect(recover).toMatchObject({ ActiveState: 'inactive', Result: 'success', ExecMainStatus: '0' });
      const over = Number(recover?.['InactiveEnterTimestampMonotonic']);
      expect(over).toBeGreaterThan(0);
      for (const { Id, ActiveState, InactiveExitTimestampMonotonic } of serving) {
        expect(ActiveState, Id).toBe('active');
        expect(Number(InactiveExitTimestampMonotonic), Id).toBeGreaterThan(over);
      }
      const answers = await device.sh(
        'curl -sf http://127.0.0.1/release.txt; curl -sf --retry 5 --retry-all-errors http://127.0.0.1/api/version; test ! -e /var/lib/pikit/journal.json',
      );
      expect(answers).toBe(`${release.version}\n{"version": "${release.version}"}`);
      await device.expectExactly(release);
    };

    /** Cuts there, boots again, and answers the phase that it was in, and whether the device is on the other release now. */
    const cutAt = async (step: Step, point: Point): Promise<{ phase: Phase; moved: boolean }> => {
      const phase = await freezeAt(device, step, point);
      expect(await device.restartHard()).toBe('running');
      const moved = phase === 'committed' || (step === 'rollback' && phase === 'applying');
      await expectUp((step === 'apply') === moved ? newer : older);
      // So many interruptions would hold the version.
      if (step === 'apply' && phase === 'applying') await device.forgetHeld();
      return { phase, moved };
    };

    it('comes up on exactly one release, before anything answers', { timeout: TIMEOUT_MS }, async () => {
      const queues: Record<Step, Point[]> = {
        apply: cutsOf('apply', await callsOf(device, 'apply')),
        rollback: cutsOf('rollback', await callsOf(device, 'rollback')),
      };
      const seen: string[] = [];
      let step: Step = 'apply';
      while (queues.apply.length + queues.rollback.length > 0) {
        const other: Step = step === 'apply' ? 'rollback' : 'apply';
        const point = queues[step].shift();
        if (point === undefined) {
          expect(await device.start(`pikit-update-${step}.service`)).toMatchObject({ exitCode: 0 });
          step = other;
          continue;
        }
        const from = step;
        await naming(`${from}, cut after ${point.name} ${String(point.n)} (${point.label})`, async () => {
          const { phase, moved } = await cutAt(from, point);
          seen.push(`${from}, ${phase}`);
          if (moved) step = other;
        });
      }
      for (const one of ['apply', 'rollback'] as const) {
        for (const phase of PHASES) {
          const name = `${one}, ${phase}`;
          atLeast(`power cuts on ${image} in ${name}`, seen.filter((what) => what === name).length, EXHAUSTIVE ? 2 : 1);
        }
      }
      atLeast(`power cuts on ${image}`, seen.length, EXHAUSTIVE ? 32 : 12);
    });

    it('wrote no line that is not on the list', async () => {
      const said = await device.linesSince(began);
      expect(said).toContain('installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0');
      // No one reads on when the first thread has stopped, and strace says so for each of the others.
      expect(unexpectedLines(said, [/^\/usr\/bin\/strace: .*: Broken pipe$/])).toEqual([]);
    });
  });
}
