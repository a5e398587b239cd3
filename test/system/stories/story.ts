/** The whole life of a device in one straight line, on real systemd, with nginx serving releases and dashboard. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice, startDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { pikitDevice } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';
import { releaseSite } from '../../helpers/release-builder.ts';

const BROKEN_API = `#!/usr/bin/env python3
raise SystemExit("pikit-api: cannot find the flux capacitor")
`;

/** Defines the suite for one image; each image has a test file of its own, so that two devices live at a time. */
export function tellStory(image: DeviceImage): void {
  describeOnDevice(image, `the story on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;
    const releases = new Map<string, Built>();
    const release = (version: string): Built => {
      const built = releases.get(version);
      if (built === undefined) throw new Error(`${version} is not built yet`);
      return built;
    };
    const publish = async (...[ingredients]: Parameters<Site['publish']>): Promise<void> => {
      releases.set(ingredients.version, site.publish(ingredients));
      await device.serve(site);
    };
    let began = '';
    let foreignInode = '';

    beforeAll(async () => {
      site = releaseSite();
      device = pikitDevice(await startDevice({ image }));
      began = await device.cursor();
      await device.configure();
      await device.writeFile('/var/www/pikit-web/foreign.txt', 'mine\n');
      foreignInode = await device.sh('stat -c %i /var/www/pikit-web/foreign.txt');
    });

    afterAll(async () => {
      await device.stop();
      site.remove();
    });

    it('has the timer enabled, and nothing of ours running', async () => {
      expect((await device.unit('pikit-update.timer')).ActiveState).toBe('active');
      expect((await device.systemctl('is-enabled', 'pikit-update.timer')).stdout.trim()).toBe('enabled');
      expect((await device.exec(['pgrep', '-f', '/usr/lib/pikit-update'])).exitCode).toBe(1);
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
      const found = device.waitForJournal(['-t', 'pikit-update-check'], (entry) => entry.MESSAGE === '1.1.0 is available (installed is 1.0.0)', {
        after,
        timeoutMs: 120_000,
      });
      await device.fireTimer();
      await found;
      await device.waitForUnit('pikit-update-check.service', (unit) => unit.ActiveState === 'inactive', 120_000);
      expect(await device.linesSince(after)).toEqual(['1.1.0 is available (installed is 1.0.0)']);
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

    it('goes nowhere when there is nothing to go back to', async () => {
      expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(release('1.0.0'));
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
      expect((await device.exec(['pgrep', '-f', '/usr/lib/pikit-update'])).exitCode).toBe(1);
      expect(
        unexpectedLines(await device.linesSince(began), [
          /^'pikit-api\.service' did not (stay active|start).* \[SERVICE_FAILED\]$/,
          /^hint: journalctl -u pikit-api\.service -n 20 shows what it wrote$/,
        ]),
      ).toEqual([]);
    });
  });
}
