/** Which steps run, and what each asks the source: the chain of the timer, an installation by hand, and a device that is not set up yet. */
import { beforeAll, expect, it } from 'vitest';
import type { BranchEntry } from '../../helpers/branch-files.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import type { Stage } from '../../helpers/on-device.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';

const CHECK = 'pikit-update-check.service';
const FETCH = 'pikit-update-fetch.service';
const APPLY = 'pikit-update-apply.service';
const MINUTE = 60_000;

/** What these acts make our units say beyond what they say on any device. */
const MORE_LINES = [
  /^no source is set yet: set the source in '\/etc\/pikit\/update\.toml': \[source\], .*$/,
  /^'\/etc\/pikit\/update\.toml' is not valid: .* \[CONFIG_INVALID\]$/,
  /^hint: /,
  /^'127\.0\.0\.1:\d+' does not answer \(ECONNREFUSED\); retrying$/,
  /^'127\.0\.0\.1:\d+' does not answer \(ECONNREFUSED\) \[SERVER_UNREACHABLE\]$/,
  /^[\d.]+ is downloaded and verified; failed to ask the source whether it still offers it: '127\.0\.0\.1:8090' does not answer \(ECONNREFUSED\)$/,
  /^[\d.]+ is available \(installed: [\d.]+\); [\d.]+ follows$/,
  /^the last check failed (killed) .*, ignoring$/,
];

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfChain(image: DeviceImage): void {
  describeOnDevice(image, `the chain on ${image}`, () => {
    let stage: Stage;
    let device: PikitDevice;
    let site: Site;
    let began = '';
    let current: Built;

    const pikitUpdate = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await device.exec(['pikit-update', ...args]);
      expect(exitCode, stdout + stderr).toBe(0);
      return stdout;
    };
    const succeed = async (unit: string): Promise<string[]> => {
      const { exitCode, lines } = await device.start(unit);
      expect(exitCode, lines.join('\n')).toBe(0);
      return lines;
    };
    /** The steps that began since, in their order; gates are not steps. */
    const begunSince = async (cursor: string): Promise<string[]> => {
      const entries = await device.journal(['--after-cursor', cursor]);
      return entries.flatMap(({ UNIT = '', MESSAGE = '' }) => {
        const step = /^pikit-update-(check|fetch|apply|rollback|recover)\.service$/.exec(UNIT)?.[1];
        return step !== undefined && MESSAGE.startsWith('Starting ') ? [step] : [];
      });
    };
    /** The timer elapses; resolves when the whole chain is over: until then there is a job for what runs or comes next. */
    const night = async (): Promise<{ steps: string[]; lines: string[]; bundles: number }> => {
      const after = await device.cursor();
      await device.sh(': >/var/log/nginx/access.log');
      const checked = device.waitForJournal([], ({ UNIT, MESSAGE = '' }) => UNIT === CHECK && /^(?:Finished|Failed to start) /.test(MESSAGE), {
        after,
        timeoutMs: 2 * MINUTE,
      });
      await device.fireTimer();
      await checked;
      await expect
        .poll(() => device.sh('systemctl list-jobs --no-legend | grep pikit-update || true'), { timeout: 2 * MINUTE, interval: 500 })
        .toBe('');
      return { steps: await begunSince(after), lines: await device.linesSince(after), bundles: await bundles() };
    };
    /** How often a bundle was asked for since the log was emptied. */
    const bundles = async (): Promise<number> => Number(await device.sh('grep -c "GET /bundles/" /var/log/nginx/access.log || true'));
    /** The server of the releases is gone, and comes back. */
    const offline = async (act: () => Promise<void>): Promise<void> => {
      await device.sh('mv /etc/nginx/sites-enabled/releases /root/releases.conf; systemctl reload nginx');
      await expect.poll(async () => (await device.exec(['curl', '-s', 'http://127.0.0.1:8090/'])).exitCode).toBe(7);
      try {
        await act();
      } finally {
        await device.sh('mv /root/releases.conf /etc/nginx/sites-enabled/releases; systemctl reload nginx');
        await expect.poll(async () => (await device.exec(['curl', '-s', 'http://127.0.0.1:8090/'])).exitCode).toBe(0);
      }
    };

    beforeAll(async () => {
      stage = await onDevice(image, null);
      ({ device, site, began } = stage);
      return stage.end;
    });

    it('says what to set while no source is set, and is not degraded by its timer', async () => {
      expect(await pikitUpdate('status')).toMatch(/^setup .*\n +hint: set the source in '\/etc\/pikit\/update\.toml': \[source\]/m);
      const { steps, lines } = await night();
      expect(steps).toEqual(['check']);
      expect(lines).toEqual([matching(/^no source is set yet: set the source in '\/etc\/pikit\/update\.toml'/)]);
      expect(await device.unit(CHECK)).toMatchObject({ ActiveState: 'inactive', Result: 'success' });
      expect((await device.systemctl('is-system-running')).stdout.trim()).toBe('running');
      expect((await device.systemctl('list-units', '--failed', '--no-legend')).stdout).toBe('');
      // By hand it is an error: the owner is there to read it.
      expect(await device.start(CHECK)).toMatchObject({ exitCode: 1, lines: [containing('[CONFIG_INVALID]'), containing('hint: set the source')] });
      await device.systemctl('reset-failed');
    });

    it('runs each step of the timer once, and downloads once', async () => {
      await device.configure({ settle: '50ms' });
      await stage.publish({ version: '1.0.0', web: '5.17.14' });
      await succeed(APPLY);
      await pikitUpdate('auto', 'install');
      current = await stage.publish({ version: '1.1.0', web: '5.18.2' });
      expect(await night()).toMatchObject({ steps: ['check', 'fetch', 'apply'], bundles: 1 });
      await device.expectExactly(current);
      expect(await night()).toMatchObject({ steps: ['check'], lines: ['up to date: 1.1.0 is installed'], bundles: 0 });
    });

    it('does the same when the release is downloaded already, and does not download it again', async () => {
      current = await stage.publish({ version: '1.2.0', web: '5.17.14' });
      await succeed(FETCH);
      const { steps, lines, bundles: asked } = await night();
      expect({ steps, asked }).toEqual({ steps: ['check', 'fetch', 'apply'], asked: 0 });
      expect(lines).toContain('1.2.0 is already downloaded and verified');
      await device.expectExactly(current);
      expect(await device.sh('ls -A /run/pikit-update/next /run/pikit-update/granted')).not.toMatch(/^(?:fetch|apply|rollback)$/m);
    });

    it('goes from stone to stone, one a night', async () => {
      const stone = await stage.publish({ version: '1.3.0', web: '5.18.2' });
      current = await stage.publish({ version: '2.0.0', web: '5.17.14', minVersion: '1.3.0' });
      const first = await night();
      expect(first.steps).toEqual(['check', 'fetch', 'apply']);
      expect(first.lines).toContain('1.3.0 is available (installed: 1.2.0); 2.0.0 follows');
      await device.expectExactly(stone);
      expect(await device.state()).toMatchObject({ latest: '2.0.0', last_result: { to: '1.3.0', outcome: 'ok', follows: ['2.0.0'] } });
      expect((await night()).steps).toEqual(['check', 'fetch', 'apply']);
      await device.expectExactly(current);
    });

    it('installs by hand what the source has now, not what the last check found or what is downloaded', async () => {
      await pikitUpdate('auto', 'check');
      await stage.publish({ version: '2.1.0', web: '5.18.2' });
      await succeed(CHECK);
      current = await stage.publish({ version: '2.2.0', web: '5.17.14' });
      const after = await device.cursor();
      await succeed(APPLY);
      expect(await begunSince(after)).toEqual(['fetch', 'apply']);
      await device.expectExactly(current);

      await stage.publish({ version: '2.3.0', web: '5.18.2' });
      await succeed(FETCH);
      current = await stage.publish({ version: '2.4.0', web: '5.17.14' });
      await succeed(APPLY);
      await device.expectExactly(current);
    });

    it('does not install what is downloaded from a branch that was disabled meanwhile', async () => {
      const beta: BranchEntry = { name: 'beta' };
      stage.buildOn({ version: '2.5.0-beta.1', web: '5.18.2' }, 'beta');
      writeBranches(site.dir, [beta]);
      await device.serve(site);
      await pikitUpdate('branch', 'beta');
      // The acts before this one took less than a minute, in which systemd starts ten downloads at the most.
      await device.systemctl('reset-failed', FETCH);
      await succeed(FETCH);
      expect(await device.state()).toMatchObject({ staged: { version: '2.5.0-beta.1' } });
      writeBranches(site.dir, [{ ...beta, enabled: false }]);
      await device.serve(site);
      expect(await succeed(APPLY)).toContain("the branch 'beta' is disabled: using stable until it is enabled again");
      await device.expectExactly(current);
      expect(await device.state()).toMatchObject({ staged: null });
      await pikitUpdate('branch', 'stable');
    });

    it('installs offline what is downloaded, and says so in the receipt', async () => {
      current = await stage.publish({ version: '2.6.0', web: '5.18.2' });
      await succeed(FETCH);
      await offline(async () => {
        await succeed(APPLY);
      });
      await device.expectExactly(current);
      const why = "'127.0.0.1:8090' does not answer (ECONNREFUSED)";
      expect(await device.state()).toMatchObject({
        last_result: { outcome: 'ok', to: '2.6.0', not_asked: why, message: containing('failed to ask the source') },
      });
      expect(await pikitUpdate('status')).toContain('failed to ask the source');
      await offline(async () => {
        expect(await device.start(APPLY)).toMatchObject({ exitCode: 1 });
      });
      await device.systemctl('reset-failed');
      await device.expectExactly(current);
    });

    it('tells in status of a check that ended without a result', async () => {
      // Only where the hierarchy of the host has the controller does systemd see to the limit.
      const hasLimit = await device.sh('grep -w memory /sys/fs/cgroup/cgroup.controllers || true');
      const [how, setting] =
        hasLimit === '' ? ['killed', "ExecStart=\nExecStart=/bin/sh -c 'kill -9 $$$$'"] : ['out of memory', 'MemoryMax=8M\nMemorySwapMax=0'];
      const dropIn = `/run/systemd/system/${CHECK}.d`;
      await device.writeFile(`${dropIn}/limit.conf`, `[Service]\n${setting}\n`);
      await device.systemctl('daemon-reload');
      expect(await device.systemctl('start', CHECK)).toMatchObject({ exitCode: 1 });
      expect(await pikitUpdate('status')).toMatch(
        new RegExp(`^last run +the last check failed \\(${how}\\)\\n +hint: .*journalctl -u ${CHECK}`, 'm'),
      );
      await device.sh(`rm -r ${dropIn}; systemctl daemon-reload; systemctl reset-failed`);
      expect(await succeed(CHECK)).toContain('up to date: 2.6.0 is installed');
      expect(await pikitUpdate('status')).not.toContain('last run');
    });

    it('wrote no line that is not on the list', async () => {
      expect(unexpectedLines(await device.linesSince(began), MORE_LINES)).toEqual([]);
    });
  });
}
