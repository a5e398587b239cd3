/** The life of a branch as a device sees it, on real systemd: after every act the files are those of one release, and no others. */
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import type { BranchEntry } from '../../helpers/branch-files.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { SLOW_URL } from '../../helpers/pikit-device.ts';
import type { Built, Ingredients, Site } from '../../helpers/release-builder.ts';

const STABLE: Ingredients = {
  version: '1.0.0',
  web: '5.17.14',
  extra: { 'pikit-web/only-stable.txt': 'stable\n', 'pikit-web/file-or-folder': 'a file\n', 'pikit-web/folder-or-file/in.txt': 'in a folder\n' },
};

const BETA: Ingredients = {
  version: '1.1.0-beta.1',
  web: '5.18.2',
  extra: { 'pikit-web/assets/beta/new.js': 'beta\n', 'pikit-web/file-or-folder/in/it.txt': 'in a folder\n', 'pikit-web/folder-or-file': 'a file\n' },
};

const TEST: Ingredients = { version: '1.0.1-test.1', web: '5.17.14', extra: { 'pikit-web/only-test.txt': 'test\n' } };

const BETA_ENTRY: BranchEntry = { name: 'beta', display_name: 'Beta 🧪 تجريبي', description: 'Semi-stable test builds' };
const HIDDEN_ENTRY: BranchEntry = { name: 'test_1234', display_name: 'Test, Issue #1234', visible: false };

/** Where releases go, and the version; with directories, types, modes, owners and bytes. */
const TREE = [
  "find var/www usr/local/bin etc/pikit/version -printf '%p %y %m %U:%G\\n' | sort",
  'find var/www usr/local/bin etc/pikit/version -type f -exec sha256sum {} + | sort',
].join('; ');

/** The device as it was before its first release, in a folder. */
const BARE = '/root/bare';

/** A device of its own in a folder, with nothing but what was there before, installs what the branch has now. */
const FRESH = `rm -rf /root/fresh; cp -a ${BARE} /root/fresh; cd /root/fresh
printf '[source]\\ntype = "static"\\nurl = "http://127.0.0.1:8090"\\n[services]\\nmanager = "none"\\n[health]\\nsettle = "0s"\\n' >etc/pikit/update.toml
printf '{"branch": "%s"}' "$BRANCH" >var/lib/pikit-update/settings.json
for step in fetch apply; do PIKIT_ROOT=/root/fresh node /usr/lib/pikit-update/$step.js >&2; done
${TREE}`;

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfBranches(image: DeviceImage): void {
  describeOnDevice(image, `branches on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;
    let stable: Built;
    let beta: Built;
    let test: Built;
    let began = '';

    const list = async (...entries: BranchEntry[]): Promise<void> => {
      writeBranches(site.dir, entries);
      await device.serve(site);
    };
    const pikitUpdate = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await device.exec(['pikit-update', ...args]);
      expect(exitCode, stdout + stderr).toBe(0);
      return stdout;
    };
    const check = async (): Promise<string[]> => {
      const { exitCode, lines } = await device.start('pikit-update-check.service');
      expect(exitCode, lines.join('\n')).toBe(0);
      return lines;
    };
    /** Nothing is missing, and nothing is left of where the device was before. */
    const expectAsFresh = async (release: Built): Promise<void> => {
      await device.expectExactly(release);
      const branch = release === beta ? 'beta' : release === test ? 'test_1234' : 'stable';
      const fresh = await device.sh(FRESH, { env: { BRANCH: branch } });
      expect(fresh).toContain(' d 755 0:0\n');
      expect((await device.sh(`cd /; ${TREE}`)).split('\n')).toEqual(fresh.split('\n'));
    };
    const becomes = async (release: Built): Promise<void> => {
      const { exitCode, lines } = await device.start('pikit-update-apply.service');
      expect(exitCode, lines.join('\n')).toBe(0);
      await expectAsFresh(release);
    };
    const chosen = async (): Promise<unknown> => {
      const { settings } = z.object({ settings: z.unknown() }).parse(JSON.parse(await pikitUpdate('status', '--json')));
      return settings;
    };

    beforeAll(async () => {
      const stage = await onDevice(image);
      ({ device, site, began } = stage);
      stable = site.publish(STABLE);
      beta = stage.buildOn(BETA, 'beta');
      test = stage.buildOn(TEST, 'test_1234');
      await device.writeFile('/var/www/pikit-web/foreign.txt', 'mine\n');
      await device.sh(
        `mkdir -p ${BARE}/etc/pikit ${BARE}/var/lib/pikit-update ${BARE}/usr/local; cp -a /var/www ${BARE}/var; cp -a /usr/local/bin ${BARE}/usr/local`,
      );
      await list(BETA_ENTRY, HIDDEN_ENTRY);
      return stage.end;
    });

    it('begins on stable', async () => {
      await becomes(stable);
    });

    it('lists beta by its name in any script, and not the hidden one', async () => {
      const listed = await pikitUpdate('branch');
      expect(listed).toMatch(/^\* stable +1\.0\.0 /m);
      expect(listed).toMatch(/^ {2}beta +- +Beta 🧪 تجريبي$/m);
      expect(listed).not.toContain('test_1234');
    });

    it('follows beta', async () => {
      expect(await pikitUpdate('branch', 'beta')).toContain("1.1.0-beta.1 is available on the branch 'beta' (installed: 1.0.0)");
      await device.expectExactly(stable);
      await becomes(beta);
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.1.0-beta.1"}');
      expect(await device.state()).toMatchObject({ branch: 'beta', installed_branch: 'beta', last_result: { branch: 'beta' } });
    });

    it('is offered stable while beta is disabled, keeps the choice, and never goes back by itself', async () => {
      await list({ ...BETA_ENTRY, enabled: false }, HIDDEN_ENTRY);
      expect(await check()).toEqual([
        "the branch 'beta' is disabled: using stable until it is enabled again",
        '1.0.0 is available as a downgrade (installed: 1.1.0-beta.1)',
      ]);
      expect(await chosen()).toMatchObject({ branch: 'beta' });
      expect(await pikitUpdate('status')).toMatch(/^branch +beta \(disabled, using stable\)$/m);

      await pikitUpdate('auto', 'install');
      const after = await device.cursor();
      const left = device.waitForJournal(
        ['-t', 'pikit-update-check'],
        (entry) => /^1\.0\.0 will not be installed automatically/.test(entry.MESSAGE ?? ''),
        {
          after,
          timeoutMs: 120_000,
        },
      );
      await device.fireTimer();
      await left;
      await device.waitForUnit('pikit-update-check.service', (unit) => unit.ActiveState === 'inactive', 120_000);
      await pikitUpdate('auto', 'check');
      await device.expectExactly(beta);

      await becomes(stable);
    });

    it('takes beta up again when it is enabled again', async () => {
      await list(BETA_ENTRY, HIDDEN_ENTRY);
      expect(await check()).toEqual(["1.1.0-beta.1 is available on the branch 'beta' (installed: 1.0.0)"]);
      await becomes(beta);
    });

    it('falls back to stable when beta is deleted, with a notice that stays until it is dismissed', async () => {
      await list(HIDDEN_ENTRY);
      expect(await check()).toEqual([
        "the branch 'beta' was removed: this device now follows stable",
        '1.0.0 is available as a downgrade (installed: 1.1.0-beta.1)',
      ]);
      expect(await chosen()).toMatchObject({ branch: 'stable' });
      await device.expectExactly(beta);
      await becomes(stable);
      expect(await check()).toEqual(['up to date: 1.0.0 is installed']);
      expect(await device.state()).toMatchObject({ notices: [{ id: 'branch-removed:beta' }] });
      expect(await pikitUpdate('status')).toMatch(/^notice +the branch 'beta' was removed/m);
      await pikitUpdate('branch', '--dismiss');
      expect(await device.state()).toMatchObject({ notices: [] });
      await device.expectExactly(stable);
    });

    it('refuses a name that is not there', async () => {
      const { exitCode, stderr } = await device.exec(['pikit-update', 'branch', 'stabel']);
      expect(exitCode).toBe(1);
      expect(stderr).toBe("error: there is no branch 'stabel'\nhint: did you mean 'stable'? available branches: stable\n");
    });

    it('ends a download of the branch that its owner leaves, and keeps nothing of it on offer', async () => {
      await list(BETA_ENTRY, HIDDEN_ENTRY);
      await device.configure({ url: SLOW_URL });
      await pikitUpdate('branch', 'beta');
      const after = await device.cursor();
      const running = device.waitForJournal(['-t', 'pikit-update-fetch'], ({ MESSAGE = '' }) => /^downloading .* of 1\.1\.0-beta\.1 /.test(MESSAGE), {
        after,
        timeoutMs: 120_000,
      });
      await device.systemctl('start', '--no-block', 'pikit-update-fetch.service');
      await running;
      const said = await pikitUpdate('branch', 'stable');
      expect(said).toContain('the running download was stopped');
      expect(await device.unit('pikit-update-fetch.service')).toMatchObject({ MainPID: '0', ExecMainStatus: '143' });
      expect(await device.state()).toMatchObject({ branch: 'stable', available: null, staged: null, latest: '1.0.0' });
      expect((await device.exec('ls /var/lib/pikit-update/staged /run/pikit-update/next/* /run/pikit-update/granted/*')).stdout).toBe('');
      await expectAsFresh(stable);
      await device.configure();
      await check();
    });

    it('follows the hidden one by its name', async () => {
      await pikitUpdate('branch', 'test_1234');
      await becomes(test);
      expect(await pikitUpdate('branch')).toMatch(/^\* test_1234 +1\.0\.1-test\.1 +Test, Issue #1234 \(hidden\)$/m);
    });

    it('comes back to stable', async () => {
      expect(await pikitUpdate('branch', 'stable')).toContain('1.0.0 is available as a downgrade (installed: 1.0.1-test.1)');
      await becomes(stable);
      expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await expectAsFresh(test);
      await becomes(stable);
    });

    it("left the owner's own file alone, and wrote no line that is not on the list", async () => {
      expect(await device.readFile('/var/www/pikit-web/foreign.txt')).toBe('mine\n');
      const ofTheDownload = [/^the download of the bundle of 1\.1\.0-beta\.1 was cancelled \[CANCELLED\]$/, /^hint: the next start resumes it$/];
      expect(unexpectedLines(await device.linesSince(began), ofTheDownload)).toEqual([]);
    });
  });
}
