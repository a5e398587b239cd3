/**
 * How a run is opened: in which order systemd starts what an update by hand pulls in, and what becomes of it when that goes another
 * way. Then how runs are told, by all who are asked: the command line, as text and as JSON, the HTTP API, and the dashboard through it.
 */
import * as z from 'zod';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import { Run } from '../../../lib/core/run/run.ts';
import { chipOf } from '../../../web/model/chip.ts';
import { en as EN } from '../../../web/strings/en.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice, startDevice } from '../../helpers/container.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { SLOW_URL, pikitDevice } from '../../helpers/pikit-device.ts';
import type { Site } from '../../helpers/release-builder.ts';
import { releaseSite } from '../../helpers/release-builder.ts';

const MINUTE = 60_000;
const CHECK = 'pikit-update-check.service';
const FETCH = 'pikit-update-fetch.service';
const APPLY = 'pikit-update-apply.service';
const BEGIN = 'pikit-update-begin.service';
const LINK = '/run/pikit-update/begun';
const LOCK = '/run/pikit-update.lock';

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfRuns(image: DeviceImage): void {
  describeOnDevice(image, `runs on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;

    /** What systemd did with our units since, in its order, such as `begin starting`. */
    const movesSince = async (cursor: string): Promise<string[]> => {
      const entries = await device.journal(['--after-cursor', cursor]);
      return entries.flatMap(({ UNIT = '', MESSAGE = '' }) => {
        const unit = /^pikit-update-(.*)\.service$/.exec(UNIT)?.[1];
        const move = /^(Starting|Finished|Failed to start|Stopping|Dependency failed for)/.exec(MESSAGE)?.[1];
        return unit === undefined || move === undefined ? [] : [`${unit} ${move.split(' ')[0]?.toLowerCase() ?? ''}`];
      });
    };
    const queue = async (unit: string): Promise<void> => {
      await device.sh(`systemctl start --no-block ${unit}`);
    };
    const quiet = async (): Promise<void> => {
      await expect.poll(() => device.sh('systemctl list-jobs --no-legend | grep pikit-update || true'), { interval: 250 }).toBe('');
    };
    const become = async (unit: string, state: string): Promise<void> => {
      await expect.poll(async () => (await device.unit(unit)).ActiveState, { interval: 100 }).toBe(state);
    };
    /** Another process has the lock, so that a step that begins now comes no further, until `act` is over. */
    const locked = async (act: () => Promise<void>): Promise<void> => {
      await device.sh(`systemd-run --quiet --collect --unit=test-lock flock ${LOCK} sleep infinity`);
      await expect.poll(async () => (await device.exec(['flock', '-n', LOCK, 'true'])).exitCode, { interval: 100 }).toBe(1);
      try {
        await act();
      } finally {
        await device.sh('systemctl stop test-lock');
      }
    };
    /** The same run, from every reader; with what the command line and the dashboard make of it. */
    const run = async (): Promise<Run & { text: string; chip: string }> => {
      const [json, api, text] = [
        await device.sh('pikit-update status --json'),
        await device.sh('curl -sS --unix-socket /run/pikit-update-api/api.sock http://localhost/api/update/status'),
        await device.sh('pikit-update status'),
      ];
      const status = StatusAnswer.parse(JSON.parse(api));
      const told = z.object({ run: Run }).parse(JSON.parse(json)).run;
      expect(status.run).toEqual(told);
      return { ...told, text, chip: chipOf({ status, link: { is: 'live' }, nowMs: Date.now() }, EN).text };
    };
    /** How far it is, from one reader: what moves is not the same for the next. */
    const phase = async (): Promise<string | null> =>
      z.object({ run: Run }).parse(JSON.parse(await device.sh('pikit-update status --json'))).run.phase;
    const steps = ({ kind, by, state, steps: all }: Run): string => [kind, by, state, ...all.map((one) => `${one.step}:${one.state}`)].join(' ');
    const dropIn = async (unit: string, lines: string): Promise<void> => {
      await device.writeFile(`/run/systemd/system/${unit}.d/test.conf`, lines);
      await device.sh('systemctl daemon-reload');
    };
    const takeBack = async (unit: string): Promise<void> => {
      await device.sh(`rm -r /run/systemd/system/${unit}.d; systemctl daemon-reload; systemctl reset-failed ${unit} || true`);
    };
    const link = async (): Promise<string> => (await device.sh(`readlink ${LINK} || true`)).trim();

    beforeAll(async () => {
      site = releaseSite();
      device = pikitDevice(await startDevice({ image }));
      await device.configure({ settle: '50ms' });
      site.publish({ version: '1.0.0', web: '5.17.14' });
      await device.serve(site);
    });

    afterAll(async () => {
      await device.stop();
      site.remove();
    });

    it('opens it before the download', async () => {
      const after = await device.cursor();
      await queue(APPLY);
      await quiet();
      expect(await movesSince(after)).toEqual([
        'begin starting',
        'begin finished',
        'fetch starting',
        'fetch finished',
        'apply starting',
        'apply finished',
      ]);
      expect(await run()).toMatchObject({ outcome: 'ok', percent: 100, version: '1.0.0' });
      expect(await device.exec(['test', '-e', LINK])).toMatchObject({ exitCode: 1 });
    });

    it('opens it before a download that is queued already', async () => {
      await device.writeFile(
        '/run/systemd/system/test-hold.service',
        '[Service]\nType=oneshot\nExecStart=/bin/sh -c "while [ ! -e /run/go ]; do sleep 0.1; done"\n',
      );
      await dropIn(FETCH, '[Unit]\nAfter=test-hold.service\n');
      const after = await device.cursor();
      await queue('test-hold.service');
      await become('test-hold.service', 'activating');
      await queue(FETCH);
      await queue(APPLY);
      await expect.poll(link, { interval: 100 }).toMatch(/^[0-9a-f]{32}$/);
      const waiting = await run();
      expect(waiting).toMatchObject({ id: await link(), chip: EN.phases.waiting + '…' });
      expect(steps(waiting)).toBe('update owner running fetch:waiting apply:waiting');
      await device.sh(`touch /run/go`);
      await quiet();
      expect((await movesSince(after)).slice(0, 3)).toEqual(['begin starting', 'begin finished', 'fetch starting']);
      const done = await run();
      expect([done.id, steps(done)]).toEqual([waiting.id, 'update owner ended fetch:done apply:done']);
      await takeBack(FETCH);
    });

    it('keeps out of the way of a download that runs already', async () => {
      const after = await device.cursor();
      await locked(async () => {
        await queue(FETCH);
        await become(FETCH, 'activating');
        await queue(APPLY);
        await expect.poll(() => movesSince(after), { interval: 100 }).toEqual(['fetch starting', 'begin starting', 'begin finished']);
      });
      await quiet();
      expect((await movesSince(after)).slice(3)).toEqual(['fetch finished', 'apply starting', 'apply finished']);
      // It had not the lock yet when the installation was asked for.
      expect(steps(await run())).toBe('update owner ended fetch:done apply:done');
    });

    it('makes one of two starts', async () => {
      const after = await device.cursor();
      await locked(async () => {
        await queue(APPLY);
        await become(FETCH, 'activating');
        await queue(APPLY);
        await expect.poll(() => movesSince(after), { interval: 100 }).toHaveLength(5);
      });
      await quiet();
      expect(await movesSince(after)).toEqual([
        'begin starting',
        'begin finished',
        'fetch starting',
        'begin starting',
        'begin finished',
        'fetch finished',
        'apply starting',
        'apply finished',
      ]);
    });

    it('leaves the run of the timer alone', async () => {
      await device.settings({ auto: 'install' });
      site.publish({ version: '1.1.0', web: '5.18.2' });
      await device.serve(site);
      const after = await device.cursor();
      const done = device.waitForJournal([], ({ UNIT, MESSAGE = '' }) => UNIT === APPLY && MESSAGE.startsWith('Finished '), {
        after,
        timeoutMs: MINUTE,
      });
      await device.fireTimer();
      await done;
      await quiet();
      const moves = await movesSince(after);
      expect(moves).not.toContain('begin starting');
      expect(moves.filter((move) => move.endsWith('finished'))).toEqual(
        ['check', 'gate@fetch', 'fetch', 'gate@apply', 'apply'].map((unit) => `${unit} finished`),
      );
    });

    it('is not needed', async () => {
      await dropIn(BEGIN, '[Service]\nExecStart=\nExecStart=/bin/false\n');
      const after = await device.cursor();
      await queue(APPLY);
      await quiet();
      expect((await movesSince(after)).filter((move) => !move.startsWith('gate'))).toEqual([
        'begin starting',
        'begin failed',
        'fetch starting',
        'fetch finished',
        'apply starting',
        'apply finished',
      ]);
      expect(steps(await run())).toBe('update owner ended fetch:skipped apply:done');
      await takeBack(BEGIN);
    });

    it('ends with a download that is stopped, and without an installation that is', async () => {
      const after = await device.cursor();
      await locked(async () => {
        await queue(APPLY);
        await become(FETCH, 'activating');
        await device.systemctl('stop', FETCH);
      });
      await quiet();
      expect(await movesSince(after)).not.toContain('apply starting');
      const next = await device.cursor();
      await locked(async () => {
        await queue(APPLY);
        await become(FETCH, 'activating');
        await device.systemctl('stop', APPLY);
      });
      await become(FETCH, 'inactive');
      await quiet();
      expect(await movesSince(next)).toEqual(['begin starting', 'begin finished', 'fetch starting', 'fetch finished']);
      const left = await run();
      expect(left).toMatchObject({ outcome: 'cancelled', code: 'CANCELLED', text: containing('the run was stopped before apply started') });
      expect(steps(left)).toBe('update owner ended fetch:done apply:cancelled');
    });

    it('are told of a check of the timer that finds nothing', async () => {
      const after = await device.cursor();
      const done = device.waitForJournal([], ({ UNIT, MESSAGE = '' }) => UNIT === CHECK && MESSAGE.startsWith('Finished '), {
        after,
        timeoutMs: MINUTE,
      });
      await device.fireTimer();
      await done;
      await quiet();
      const seen = await run();
      expect(seen).toMatchObject({ outcome: 'nothing', percent: 100, message: 'up to date: 1.1.0 is installed', chip: EN.chip['up-to-date'] });
      expect(steps(seen)).toBe('check timer ended check:done');
    });

    it('are told of a download that an installation pulled in, and that is killed between two writes', async () => {
      site.publish({ version: '1.2.0', web: '5.17.14' });
      await device.serve(site);
      await device.configure({ url: SLOW_URL, settle: '50ms' });
      await queue(APPLY);
      await expect.poll(phase, { timeout: MINUTE, interval: 100 }).toBe('downloading');
      // It stands still while all readers are asked, one after the other.
      await device.sh(`systemctl kill --signal=STOP ${FETCH}`);
      const seen = await run();
      expect(seen).toMatchObject({ version: '1.2.0', text: containing('update, '), chip: matching(/^Downloading /) });
      expect(steps(seen)).toBe('update owner running fetch:running apply:waiting');
      await device.sh(`systemctl kill --signal=KILL ${FETCH}`);
      await quiet();
      const killed = await run();
      const message = 'the last fetch failed (killed)';
      expect(killed).toMatchObject({ id: seen.id, outcome: 'failed', code: 'STEP_FAILED', message, text: containing(message), phase: null });
      expect(killed.chip).toBe(EN.failed(EN.steps.fetch));
      expect(steps(killed)).toBe('update owner ended fetch:failed');
      await device.configure({ settle: '50ms' });
    });

    it('are told of an installation that is killed, with what cleared up after it', async () => {
      await device.sh(`systemctl reset-failed ${FETCH}`);
      await device.hold();
      await queue(APPLY);
      await expect.poll(phase, { timeout: MINUTE, interval: 100 }).toBe('checking-health');
      await device.sh(`systemctl kill --signal=KILL ${APPLY}`);
      await device.letGo();
      await expect.poll(async () => (await run()).state, { timeout: MINUTE, interval: 200 }).toBe('ended');
      await quiet();
      const seen = await run();
      expect(seen).toMatchObject({ kind: 'update', outcome: 'rolled-back', code: 'STEP_FAILED' });
      expect(steps(seen)).toBe('update owner ended fetch:done apply:failed rollback:done');
    });

    it.each([
      [
        'gave up waiting',
        '[Service]\nExecStart=\nExecStart=/bin/sh -c "exit 75"\n',
        'BUSY',
        'the last fetch gave up waiting: another update step was running',
      ],
      ['is refused by the start limit', '[Unit]\nStartLimitBurst=1\n', 'STEP_FAILED', 'the last fetch did not start: it was started too often'],
      [
        'is refused by it after one that failed',
        '[Unit]\nStartLimitBurst=1\n[Service]\nExecStart=\nExecStart=/bin/false\n',
        'STEP_FAILED',
        'the last fetch did not start: it was started too often',
      ],
    ])('are told of a start that %s, and wrote no line', async (_name, lines, code, message) => {
      await dropIn(FETCH, lines);
      await device.sh(`systemctl reset-failed ${FETCH} || true; systemctl start ${FETCH} || true`);
      await queue(APPLY);
      await quiet();
      const seen = await run();
      expect(seen).toMatchObject({ id: await link(), outcome: 'failed', code, message, text: containing(message), chip: EN.failed(EN.steps.fetch) });
      expect(steps(seen)).toBe('update owner ended fetch:failed');
      await takeBack(FETCH);
    });
  });
}
