/** The whole life of a device in one straight line, on real systemd, with nginx serving releases and dashboard. */
import { beforeAll, expect, it } from 'vitest';
import { EVENTS } from '../../../lib/core/events.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { containing } from '../../helpers/matchers.ts';
import type { Stage } from '../../helpers/on-device.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built, Ingredients } from '../../helpers/release-builder.ts';

const BROKEN_API = `#!/usr/bin/env python3
raise SystemExit("pikit-api: cannot find the flux capacitor")
`;

/** Defines the suite for one image; each image has a test file of its own, so that two devices live at a time. */
export function tellStory(image: DeviceImage): void {
  describeOnDevice(image, `the story on ${image}`, () => {
    let stage: Stage;
    let device: PikitDevice;
    const releases = new Map<string, Built>();
    const release = (version: string): Built => {
      const built = releases.get(version);
      if (built === undefined) throw new Error(`${version} is not built yet`);
      return built;
    };
    const publish = async (ingredients: Ingredients): Promise<void> => {
      releases.set(ingredients.version, await stage.publish(ingredients));
    };
    let began = '';
    let foreignInode = '';

    beforeAll(async () => {
      stage = await onDevice(image);
      ({ device, began } = stage);
      await device.writeFile('/var/www/pikit-web/foreign.txt', 'mine\n');
      foreignInode = await device.sh('stat -c %i /var/www/pikit-web/foreign.txt');
      return stage.end;
    });

    it('has the timer enabled, and nothing of ours running', async () => {
      expect((await device.unit('pikit-update.timer')).ActiveState).toBe('active');
      expect((await device.systemctl('is-enabled', 'pikit-update.timer')).stdout.trim()).toBe('enabled');
      // What the acts before have started may still be ending.
      await expect.poll(async () => (await device.exec(['pgrep', '-f', '/usr/lib/pikit-update'])).exitCode, { timeout: 60_000 }).toBe(1);
    });

    it('installs 1.0.0 with one command', async () => {
      await publish({ version: '1.0.0', web: '5.17.14', extra: { 'pikit-web/only-1.0.0.txt': 'old\n' } });
      const { exitCode, lines } = await device.start('pikit-update-apply.service');
      expect(exitCode, lines.join('\n')).toBe(0);
      await device.expectExactly(release('1.0.0'));
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
    });

    it('lets the timer find 1.1.0, and stops there', async () => {
      await publish({ version: '1.1.0', web: '5.18.2', extra: { 'pikit-web/assets/new/app.js': 'new\n' } });
      const after = await device.cursor();
      const found = device.waitForJournal(['-t', 'pikit-update-check'], (entry) => entry.MESSAGE === '1.1.0 is available (installed: 1.0.0)', {
        after,
        timeoutMs: 120_000,
      });
      await device.fireTimer();
      await found;
      await device.waitForUnit('pikit-update-check.service', (unit) => unit.ActiveState === 'inactive', 120_000);
      expect(await device.linesSince(after)).toEqual(['1.1.0 is available (installed: 1.0.0)']);
      expect(await device.state()).toMatchObject({ current: '1.0.0', latest: '1.1.0', available: { version: '1.1.0', outcome: 'available' } });
      expect((await device.exec('ls /run/pikit-update/next /run/pikit-update/granted')).stdout).not.toMatch(/fetch|apply/);
      await device.expectExactly(release('1.0.0'));
    });

    it('installs 1.1.0 while systemctl start blocks', async () => {
      const api = (await device.unit('pikit-api.service')).MainPID;
      const { exitCode, lines } = await device.start('pikit-update-apply.service');
      expect(exitCode, lines.join('\n')).toBe(0);
      await device.expectExactly(release('1.1.0'));
      expect((await device.unit('pikit-api.service')).MainPID).not.toBe(api);
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.1.0"}');
      expect((await device.sh('ls /var/backups/pikit')).trim().split('\n')).toHaveLength(1);
    });

    it('says that there is nothing to do, and succeeds', async () => {
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(release('1.1.0'));
    });

    it('goes back by itself when 1.2.0 breaks a service, says which, and holds it', async () => {
      await publish({ version: '1.2.0', web: '5.18.2', api: BROKEN_API });
      const { exitCode, lines } = await device.start('pikit-update-apply.service');
      expect(exitCode).toBe(1);
      expect(lines.join('\n')).toMatch(/'pikit-api\.service' did not (stay active|start)/);
      await device.expectExactly(release('1.1.0'));
      await device.waitForUnit('pikit-api.service', (unit) => unit.ActiveState === 'active', 120_000);
      const { last_result: receipt, held } = await device.state();
      expect(receipt).toMatchObject({
        step: 'apply',
        outcome: 'rolled-back',
        code: 'SERVICE_FAILED',
        subject: 'pikit-api.service',
        from: '1.1.0',
        to: '1.2.0',
      });
      // What a service wrote is for those who may read its journal.
      expect(receipt).toHaveProperty('lines', []);
      expect(held).toMatchObject([{ version: '1.2.0', reason: 'failed', code: 'SERVICE_FAILED' }]);
      const history = (await device.readFile('/var/lib/pikit/history.jsonl')).trim().split('\n');
      const written: unknown = expect.arrayContaining([expect.stringContaining('cannot find the flux capacitor')]);
      expect(JSON.parse(history.at(-1) ?? '')).toEqual(Object.assign({}, receipt, { lines: written }));
    });

    it('has told all of it to the journal as events with their fields, in order, and `journalctl -x` explains them', async () => {
      const told = async (unit: string): Promise<string[][]> => {
        const entries = await device.journal(['--unit', unit]);
        return entries.flatMap(
          ({ MESSAGE_ID, PIKIT_STEP = '', PIKIT_VERSION = '', PIKIT_BRANCH = '', PIKIT_ERROR_CODE = '', PIKIT_RUN, ...entry }) => {
            const [name] = Object.entries(EVENTS).find(([, { id }]) => id === MESSAGE_ID) ?? [];
            if (name === undefined) return [];
            // An entry of a process that has just ended may have lost what the journal itself adds (systemd #2913).
            expect(PIKIT_RUN).toBe(entry['_SYSTEMD_INVOCATION_ID'] ?? PIKIT_RUN);
            return [[name, PIKIT_STEP, PIKIT_VERSION, PIKIT_BRANCH, PIKIT_ERROR_CODE]];
          },
        );
      };
      expect(await told('pikit-update-check')).toEqual([['available', 'check', '1.1.0', 'stable', '']]);
      expect(await told('pikit-update-fetch')).toEqual(['1.0.0', '1.1.0', '1.2.0'].map((version) => ['downloaded', 'fetch', version, 'stable', '']));
      expect(await told('pikit-update-apply')).toEqual([
        ['installed', 'apply', '1.0.0', 'stable', ''],
        ['installed', 'apply', '1.1.0', 'stable', ''],
        ['rolled-back', 'apply', '1.1.0', 'stable', ''],
        ['failed', 'apply', '1.2.0', 'stable', 'SERVICE_FAILED'],
      ]);
      const said = (await device.sh('journalctl --quiet --output=cat --unit pikit-update-apply')).split('\n');
      const [starting, installing, installed, finished] = [/^Starting /, /^installing 1\.0\.0 /, /^1\.0\.0 is installed$/, /^Finished /].map((line) =>
        said.findIndex((text) => line.test(text)),
      );
      expect([starting, installing, installed, finished]).toEqual([starting, installing, installed, finished].toSorted((a = -1, b = -1) => a - b));
      expect(starting).not.toBe(-1);
      const explained = await device.sh('journalctl --quiet --catalog --unit pikit-update-apply');
      expect(explained).toContain('Subject: The step apply of Pi-Kit Updater failed: SERVICE_FAILED');
      expect(explained).toMatch(/ 1\.1\.0 is installed\n.*Subject: A release of Pi-Kit is installed\n/);
    });

    it('does not offer 1.2.0 again by itself, and says why', async () => {
      await device.settings({ auto: 'install' });
      const after = await device.cursor();
      const said = device.waitForJournal(['-t', 'pikit-update-check'], (entry) => /^1\.2\.0 is held/.test(entry.MESSAGE ?? ''), {
        after,
        timeoutMs: 120_000,
      });
      await device.fireTimer();
      await said;
      await device.waitForUnit('pikit-update-check.service', (unit) => unit.ActiveState === 'inactive', 120_000);
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(release('1.1.0'));
    });

    it('goes back to exactly 1.0.0 by hand', async () => {
      const { exitCode, lines } = await device.start('pikit-update-rollback.service');
      expect(exitCode, lines.join('\n')).toBe(0);
      await device.expectExactly(release('1.0.0'));
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
      expect(await device.sh('test ! -e /var/www/pikit-web/assets/new && echo gone')).toBe('gone\n');
    });

    it('goes nowhere when there is nothing to roll back to', async () => {
      expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(release('1.0.0'));
    });

    it('starts nothing without its sandbox but what is of the way back, and that says so', async () => {
      const folder = '/usr/lib/systemd/system/pikit-update-.service.d';
      await device.sh(`mv ${folder} /root; systemctl daemon-reload`);
      expect(await device.systemctl('start', 'pikit-update-check.service')).toMatchObject({ exitCode: 1, stderr: containing('Assertion failed') });
      const { exitCode, lines } = await device.start('pikit-update-rollback.service');
      expect([exitCode, lines.join('\n')]).toEqual([0, containing('this step runs without its sandbox, ignoring')]);
      await device.sh(`mv /root/pikit-update-.service.d ${folder}; systemctl daemon-reload`);
      expect(await device.start('pikit-update-check.service')).toMatchObject({ exitCode: 0 });
    });

    it('brings 1.3.0 in by the timer alone', async () => {
      expect((await device.exec(['pikit-update', 'auto', 'install'])).exitCode).toBe(0);
      await publish({ version: '1.3.0', web: '5.18.2', extra: { 'pikit-web/only-1.3.0.txt': 'new\n' } });
      const after = await device.cursor();
      const installed = device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => entry.MESSAGE === '1.3.0 is installed', {
        after,
        timeoutMs: 60_000,
      });
      await device.fireTimer();
      await installed;
      await device.waitForUnit('pikit-update-apply.service', (unit) => unit.ActiveState === 'inactive', 120_000);
      await device.expectExactly(release('1.3.0'));
      const steps = (await device.journal(['--after-cursor', after])).map((entry) => entry.SYSLOG_IDENTIFIER ?? '');
      expect(steps.indexOf('pikit-update-check')).toBeLessThan(steps.indexOf('pikit-update-fetch'));
      expect(steps.indexOf('pikit-update-fetch')).toBeLessThan(steps.indexOf('pikit-update-apply'));
    });

    it('sets the time as often as its owner changes it', async () => {
      for (const minute of ['01', '02', '03', '04', '05', '06', '07', '08']) await device.sh(`pikit-update auto install --time 03:${minute}`);
      expect(await device.sh('systemctl show -P NextElapseUSecRealtime pikit-update.timer')).toMatch(/ 03:(?:0[89]|[123]\d)/);
    });

    it('does not take a new time that is past today for one that was missed', async () => {
      const at = (when: string): Promise<string> => device.sh(`date -d '${when}' +%H:%M | tr -d '\\n'`);
      // Its random delay is up to half an hour.
      const [later, past] = [await at('+3 hours'), await at('-40 minutes')];
      await device.sh(`pikit-update auto install --time ${later}`);
      await device.sh(
        "systemctl stop pikit-update.timer; touch -d '-2 hours' /var/lib/systemd/timers/stamp-pikit-update.timer; systemctl start pikit-update.timer",
      );
      await device.sh(`pikit-update auto install --time ${past}`);
      const hours = await device.sh(
        'echo $(( ($(date -d "$(systemctl show -P NextElapseUSecRealtime pikit-update.timer)" +%s) - $(date +%s)) / 3600 ))',
      );
      expect(Number(hours)).toBeGreaterThanOrEqual(22);
      expect(Number(hours)).toBeLessThanOrEqual(24);
    });

    it("left the owner's own file alone all the time, has no process, and wrote no line that is not on the list", async () => {
      expect(await device.sh('stat -c %i /var/www/pikit-web/foreign.txt; cat /var/www/pikit-web/foreign.txt')).toBe(`${foreignInode}mine\n`);
      // What the last order has started may still be on its way out.
      await expect.poll(async () => (await device.exec(['pgrep', '-f', '/usr/lib/pikit-update'])).exitCode).toBe(1);
      expect(
        unexpectedLines(await device.linesSince(began), [
          /^'pikit-api\.service' did not (stay active|start).* \[SERVICE_FAILED\]$/,
          /^this step runs without its sandbox, ignoring: /,
          /^hint: journalctl -u pikit-api\.service -n 20 shows what it wrote$/,
        ]),
      ).toEqual([]);
    });
  });
}
