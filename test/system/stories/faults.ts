/** What goes wrong on a real device: servers, disks, kills, stops, and people who start things in the wrong order. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { matching } from '../../helpers/matchers.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { SLOW_URL } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';

const MINUTE = 60_000;

/** What these faults make our units say beyond what they say on a good day: each failure with its code, and what to do. */
const FAULT_LINES = [
  /\[(?:SERVER_UNREACHABLE|OFFLINE|NOT_FOUND|DIGEST_MISMATCH|SIZE_MISMATCH|NO_SPACE|CANCELLED)\]$/,
  /^'127\.0\.0\.1:\d+' does not answer \(ECONNREFUSED\); retrying$/,
  /^'releases\.invalid' cannot be reached from here \(\w+\): the device seems to be offline; retrying$/,
  /^hint: the server may be down: try again later; nothing was changed$/,
  /^hint: check the cable or Wi-Fi and the name server, then try again; nothing was changed$/,
  /^hint: check source\.url in \/etc\/pikit\/update\.toml; if it is right, the release may not be published yet$/,
  /^hint: the bundle (?:that the server sends|on the server) does not match the manifest: report this to the publisher of the releases; nothing was changed$/,
  /^hint: free [\d.]+ [KM]iB there \(apt-get clean, journalctl --vacuum-size=50M\) and try again; nothing was changed$/,
  /^hint: free some space \(for example: apt-get clean\) and try again$/,
  / does not exist and cannot be created \(E\w+\)/,
  /^hint: run it as root, or start the unit instead; on a device `sudo systemd-tmpfiles --create pikit-update\.conf` makes what is missing$/,
  /^hint: the next start resumes it$/,
  /^hint: you can start it again at any time; nothing was changed$/,
];

/** Defines the suite for one image; each image has a test file of its own, so that two devices live at a time. */
export function tellFaults(image: DeviceImage): void {
  describeOnDevice(image, `faults on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;
    let older: Built;
    let newer: Built;
    let began = '';

    beforeAll(async () => {
      const stage = await onDevice(image);
      ({ device, site, began } = stage);
      older = await stage.install({ version: '1.0.0', web: '5.17.14', extra: { 'pikit-web/gone.txt': 'old\n' } });
      newer = await stage.publish({ version: '1.1.0', web: '5.18.2', extra: { 'pikit-web/new/deep.txt': 'new\n' } });
      return stage.end;
    });

    /** Back to: 1.0.0 installed, 1.1.0 published, nothing known of it. */
    beforeEach(async () => {
      await device.letGo();
      await device.configure();
      await device.serve(site);
      if ((await device.version()) === newer.version) expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.sh(
        'rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/staged /run/pikit-update/next/* /run/pikit-update/granted/*; systemctl reset-failed',
      );
      await device.forgetHeld();
      await device.expectExactly(older);
    });

    const failsWith = async (unit: string, code: string, message: RegExp): Promise<void> => {
      const { exitCode, lines } = await device.start(unit);
      expect(exitCode).toBe(1);
      expect(lines.join('\n')).toMatch(message);
      expect((await device.state()).last_result).toMatchObject({ outcome: 'failed', code, message: matching(message) });
      await device.expectExactly(older);
    };

    const startHeldApply = async (): Promise<{ done: Promise<number>; cursor: string }> => {
      await device.configure({ timeout: '2min' });
      await device.hold();
      const cursor = await device.cursor();
      const done = device.systemctl('start', 'pikit-update-apply.service').then((result) => result.exitCode);
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), {
        after: cursor,
        timeoutMs: MINUTE,
      });
      return { done, cursor };
    };

    it('says so when the server is down', async () => {
      await device.sh('systemctl stop nginx');
      try {
        await failsWith('pikit-update-check.service', 'SERVER_UNREACHABLE', /does not answer \(ECONNREFUSED\)/);
      } finally {
        await device.sh('systemctl start nginx');
      }
    });

    it('says so when the device is offline', async () => {
      await device.configure({ url: 'http://releases.invalid' });
      await failsWith('pikit-update-check.service', 'OFFLINE', /the device seems to be offline/);
    });

    it('says so when there is no manifest', async () => {
      await device.sh('rm /srv/releases/manifest.json');
      await failsWith('pikit-update-check.service', 'NOT_FOUND', /the manifest is not at 'http:\/\/127\.0\.0\.1:8090\/manifest\.json'/);
    });

    it('says so when there is no bundle', async () => {
      await device.sh('rm /srv/releases/bundles/pikit-1.1.0.tar.gz');
      await failsWith('pikit-update-fetch.service', 'NOT_FOUND', /the bundle of 1\.1\.0 is not at/);
    });

    it('refuses a bundle with a wrong hash', async () => {
      await device.sh('printf X | dd of=/srv/releases/bundles/pikit-1.1.0.tar.gz bs=1 seek=4096 conv=notrunc status=none');
      await failsWith(
        'pikit-update-fetch.service',
        'DIGEST_MISMATCH',
        /sha256 of the bundle of 1\.1\.0 mismatch: expected [0-9a-f]{64}, got [0-9a-f]{64}/,
      );
    });

    it('refuses a truncated bundle', async () => {
      await device.sh('truncate -s -1000 /srv/releases/bundles/pikit-1.1.0.tar.gz');
      await failsWith('pikit-update-fetch.service', 'SIZE_MISMATCH', /size of the bundle of 1\.1\.0 in bytes mismatch/);
    });

    it('does not ask for a byte of the bundle when the disk is too full for it', async () => {
      await device.sh(
        'mount -t tmpfs -o size=400k,mode=0755,uid=$(id -u pikit-update),gid=$(id -g pikit-update) tmpfs /var/cache/pikit-update; : > /var/log/nginx/access.log',
      );
      try {
        await failsWith(
          'pikit-update-fetch.service',
          'NO_SPACE',
          /the filesystem of '\/var\/cache\/pikit-update' has .* free, and the update needs .*/,
        );
        expect(await device.readFile('/var/log/nginx/access.log')).not.toContain('bundles/');
      } finally {
        await device.sh('umount /var/cache/pikit-update');
      }
    });

    it('fails cleanly when the disk fills up during the download, and goes on later', async () => {
      await device.configure({ url: SLOW_URL });
      await device.sh('mount -t tmpfs -o size=20m,mode=0755,uid=$(id -u pikit-update),gid=$(id -g pikit-update) tmpfs /var/cache/pikit-update');
      try {
        const after = await device.cursor();
        const started = device.systemctl('start', 'pikit-update-fetch.service');
        await device.waitForJournal(['-t', 'pikit-update-fetch'], (entry) => /^downloading /.test(entry.MESSAGE ?? ''), { after, timeoutMs: MINUTE });
        await device.sh('dd if=/dev/zero of=/var/cache/pikit-update/ballast bs=64k status=none || true');
        expect((await started).exitCode).toBe(1);
        expect((await device.state()).last_result).toMatchObject({ code: 'NO_SPACE' });
        await device.expectExactly(older);
        await device.sh('rm /var/cache/pikit-update/ballast');
        await device.configure();
        expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
        await device.expectExactly(newer);
      } finally {
        await device.sh('umount -l /var/cache/pikit-update');
      }
    });

    it('fails cleanly when the web root has no room', async () => {
      await device.sh(
        'cp -a /var/www/pikit-web /root/web && mount -t tmpfs -o size=2900k,mode=0755 tmpfs /var/www/pikit-web && cp -a /root/web/. /var/www/pikit-web/',
      );
      try {
        const { exitCode } = await device.start('pikit-update-apply.service');
        expect(exitCode).toBe(1);
        expect((await device.state()).last_result).toMatchObject({ code: 'NO_SPACE' });
        await device.expectExactly(older);
      } finally {
        await device.sh('umount -l /var/www/pikit-web; rm -r /root/web');
      }
    });

    it('merges two applies at once into one run', async () => {
      const after = await device.cursor();
      const both = await Promise.all([
        device.systemctl('start', 'pikit-update-apply.service'),
        device.systemctl('start', 'pikit-update-apply.service'),
      ]);
      expect(both.map((result) => result.exitCode)).toEqual([0, 0]);
      expect((await device.linesSince(after)).filter((line) => line.startsWith('installing '))).toHaveLength(1);
      await device.expectExactly(newer);
    });

    it('turns away a step started by hand while one runs', async () => {
      const { done } = await startHeldApply();
      const second = await device.exec(['/usr/bin/node', '/usr/lib/pikit-update/check.js'], { timeoutMs: MINUTE });
      expect(second.exitCode).toBe(75);
      expect(second.stderr).toMatch(/another update step is running/);
      await device.letGo();
      expect(await done).toBe(0);
      await device.expectExactly(newer);
    });

    it('lets a rollback started during an apply wait, and then go back', async () => {
      const { done } = await startHeldApply();
      const after = await device.cursor();
      const back = device.systemctl('start', 'pikit-update-rollback.service');
      await device.waitForJournal(['-t', 'pikit-update-rollback'], (entry) => /waiting for it/.test(entry.MESSAGE ?? ''), {
        after,
        timeoutMs: MINUTE,
      });
      await device.letGo();
      expect(await done).toBe(0);
      expect((await back).exitCode).toBe(0);
      await device.expectExactly(older);
    });

    it('keeps what has been downloaded when fetch is stopped, and goes on there', async () => {
      await device.configure({ url: SLOW_URL });
      const after = await device.cursor();
      const started = device.systemctl('start', 'pikit-update-fetch.service');
      await device.waitForJournal(['-t', 'pikit-update-fetch'], (entry) => /^downloading /.test(entry.MESSAGE ?? ''), { after, timeoutMs: MINUTE });
      await device.sh('until test -s /var/cache/pikit-update/1.1.0/bundle.tar.gz.partial; do :; done; systemctl stop pikit-update-fetch.service');
      expect((await started).exitCode).toBe(1);
      expect((await device.unit('pikit-update-fetch.service')).ExecMainStatus).toBe('143');
      expect((await device.state()).last_result).toMatchObject({ outcome: 'cancelled', code: 'CANCELLED' });
      await device.expectExactly(older);
      await device.sh('sed -i s/limit_rate.*/limit_rate\\ 0\\;/ /etc/nginx/sites-enabled/lab && systemctl reload nginx');
      const { exitCode, lines } = await device.start('pikit-update-apply.service');
      expect(exitCode, lines.join('\n')).toBe(0);
      expect(lines.join('\n')).toMatch(/resumed after/);
      await device.expectExactly(newer);
      await device.sh('sed -i s/limit_rate.*/limit_rate\\ 20k\\;/ /etc/nginx/sites-enabled/lab && systemctl reload nginx');
    });

    it('undoes an apply that is stopped, and does not hold the version for that', async () => {
      const { done } = await startHeldApply();
      await device.sh('systemctl stop pikit-update-apply.service');
      expect(await done).toBe(1);
      expect((await device.unit('pikit-update-apply.service')).ExecMainStatus).toBe('143');
      await device.expectExactly(older);
      expect(await device.state()).toMatchObject({ held: [], last_result: { outcome: 'cancelled', code: 'CANCELLED' } });
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
    });

    it('undoes an apply that was killed, through OnFailure and the gate', async () => {
      const { done, cursor } = await startHeldApply();
      const undone = device.waitForJournal(['-t', 'pikit-update-rollback'], (entry) => /^installing 1\.1\.0 failed/.test(entry.MESSAGE ?? ''), {
        after: cursor,
        timeoutMs: MINUTE,
      });
      await device.sh('kill -9 "$(systemctl show -P MainPID pikit-update-apply.service)"');
      await device.letGo();
      expect(await done).toBe(1);
      await undone;
      await device.waitForUnit('pikit-update-rollback.service', (unit) => unit.ActiveState === 'inactive', MINUTE);
      await device.expectExactly(older);
      expect(await device.sh('curl -sf --retry 5 --retry-all-errors http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
      expect((await device.state()).held).toMatchObject([{ version: '1.1.0', reason: 'attempts', attempts: 1 }]);
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(newer);
    });

    it('comes up on exactly the old release after a power cut in the middle, before nginx answers', async () => {
      await startHeldApply();
      // A real cut takes all at once. A container loses its systemd some milliseconds earlier, time enough for apply to see that and undo.
      await device.sh('kill -STOP "$(systemctl show -P MainPID pikit-update-apply.service)"');
      expect(await device.restartHard()).toBe('running');
      const entries = await device.journal(['-o', 'json', '-u', 'pikit-update-recover.service', '-u', 'nginx.service']);
      const messages = entries.map((entry) => `${entry.SYSLOG_IDENTIFIER ?? ''}: ${entry.MESSAGE ?? ''}`);
      const recovered = messages.findLastIndex((message) => message.startsWith('pikit-update-recover: installing 1.1.0 failed'));
      const nginx = messages.findLastIndex((message) => /systemd: Starting nginx/.test(message));
      expect(recovered).toBeGreaterThan(-1);
      expect(nginx).toBeGreaterThan(recovered);
      await device.expectExactly(older);
      expect(await device.sh('curl -sf --retry 5 --retry-all-errors http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
    });

    it('starts no rollback when a start limit is hit', async () => {
      const after = await device.cursor();
      await device.exec('for i in $(seq 12); do systemctl start pikit-update-fetch.service; rm -f /var/lib/pikit-update/staged; done', {
        timeoutMs: 5 * MINUTE,
      });
      expect((await device.unit('pikit-update-fetch.service')).Result).toBe('start-limit-hit');
      expect((await device.systemctl('start', 'pikit-update-apply.service')).exitCode).toBe(1);
      const identifiers = (await device.journal(['--after-cursor', after])).map((entry) => entry.SYSLOG_IDENTIFIER);
      expect(identifiers).not.toContain('pikit-update-rollback');
      await device.expectExactly(older);
    });

    it('says what to do when its folders were removed, and works when that is done', async () => {
      const all = '/var/lib/pikit-update /run/pikit-update /run/pikit-update.lock';
      const hint = 'on a device `sudo systemd-tmpfiles --create pikit-update.conf` makes what is missing';
      for (const gone of [...all.split(' '), all]) {
        await device.sh(`rm -rf ${gone}`);
        for (const unit of ['check', 'fetch']) {
          const { exitCode, lines } = await device.start(`pikit-update-${unit}.service`);
          const said = lines.join('\n');
          // What a step can do without, it does without.
          if (exitCode !== 0)
            expect(said, `${unit} without ${gone}`).toMatch(/'\/\S+' does not exist and cannot be created \(E\w+\) \[(?:IO_ERROR|PERMISSION)\]/);
          if (exitCode !== 0) expect(said).toContain(hint);
          if (unit === 'check' && gone !== '/run/pikit-update') expect(exitCode, gone).toBe(1);
        }
        const order = `curl -s --unix-socket /run/pikit-update-api/api.sock -H 'Content-Type: application/json' -d '{"auto":"check"}' http://localhost/api/update/auto`;
        if (gone.startsWith('/var'))
          expect(await device.sh(order)).toMatch(
            /'\/(?:var\/lib|run)\/pikit-update(?:\/orders)?' does not exist and cannot be created.*systemd-tmpfiles --create/,
          );
        await device.sh('systemd-tmpfiles --create pikit-update.conf; systemctl reset-failed');
        expect(await device.start('pikit-update-check.service')).toMatchObject({ exitCode: 0 });
        await device.expectExactly(older);
      }
    });

    it('is on exactly one release, whatever is started by hand, in every phase', async () => {
      const units = ['check', 'fetch', 'recover', 'gate@fetch', 'gate@apply', 'gate@rollback', 'rollback', 'auto@check', 'apply', 'rollback'].map(
        (unit) => `pikit-update-${unit}.service`,
      );
      const phases: Record<string, () => Promise<void>> = {
        'nothing known': async () => {
          await device.sh('rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/staged');
        },
        available: async () => {
          await device.systemctl('start', 'pikit-update-check.service');
        },
        staged: async () => {
          await device.systemctl('start', 'pikit-update-fetch.service');
        },
      };
      for (const [phase, enter] of Object.entries(phases)) {
        for (const unit of units) {
          await enter();
          await device.sh('systemctl reset-failed');
          await device.systemctl('start', unit);
          const version = await device.version();
          await device.expectExactly(version === older.version ? older : newer).catch((error: unknown) => {
            throw new Error(`after ${unit} in phase '${phase}'`, { cause: error });
          });
        }
      }
    });

    it('wrote no line that is not on the list', async () => {
      const said = await device.linesSince(began);
      expect(said).toContain('installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0');
      expect(unexpectedLines(said, FAULT_LINES)).toEqual([]);
    });
  });
}
