/**
 * The attacks of docs/security that need a whole device, one by one: as code inside the sandbox of check, as the same user outside
 * of it, as another user of the device, and as the web server. hostile.ts, disturbed.ts and starter.ts have the others.
 */
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { installListing, listingCompared, listingKept, parseChanges } from '../../helpers/device-listing.ts';
import type { InsideCheck } from '../../helpers/inside-check.ts';
import { insideCheck } from '../../helpers/inside-check.ts';
import { LEASE } from '../../helpers/other-users.ts';
import type { Stage } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { Built } from '../../helpers/release-builder.ts';
import { throughNginx } from './api.ts';
import { CACHE, DEEP, FORGE, LOGIN, NOTICES, NOTIFY, SANDBOXED, STORM, WITHOUT_LOGIN, triedBy, tries } from './hostile-attacks-tries.ts';

const STATE = '/var/lib/pikit-update';
const RUN = '/run/pikit-update';
const APPLY = 'pikit-update-apply.service';
const ROLLBACK = 'pikit-update-rollback.service';
const SECRET = 'hunter2-of-this-device';
const MINUTE = 60_000;

const Logs = z.object({ lines: z.array(z.object({ unit: z.string(), message: z.string() })) });

export function tellHostileAttacks(image: DeviceImage): void {
  describeOnDevice(image, `attacks on ${image}`, () => {
    let device: PikitDevice;
    let stage: Stage;
    let inside: InsideCheck;
    let older: Built;
    let newer: Built;

    beforeAll(async () => {
      stage = await onDevice(image, { settle: '50ms', timeout: '1min' });
      ({ device } = stage);
      inside = insideCheck(device);
      await device.writeFile('/etc/pikit/api-token', `${'x'.repeat(40)}\n`, { mode: '0600' });
      await throughNginx(device);
      await device.sh('useradd --create-home other');
      await installListing(device);
      older = await stage.install({ version: '1.0.0', web: '5.17.14' });
      newer = await stage.publish({ version: '1.1.0', web: '5.18.2' });
      return stage.end;
    });

    const ask = async (path: string): Promise<unknown> =>
      JSON.parse(
        await device.sh(`curl -s --max-time 10 --unix-socket /run/pikit-update-api/api.sock http://localhost/api/update/${path}`, {
          user: 'www-data',
        }),
      );
    /** 1.1.0 on the device as it was downloaded, and 1.0.0 installed. */
    const staged = async (): Promise<void> => {
      await device.sh(`rm -rf ${STATE}/staged ${CACHE}/1.1.0; systemctl reset-failed`);
      expect(await device.start('pikit-update-fetch.service')).toMatchObject({ exitCode: 0 });
    };
    const installsAndGoesBack = async (): Promise<void> => {
      expect(await device.start(APPLY)).toMatchObject({ exitCode: 0 });
      await device.expectExactly(newer);
      expect(await device.start(ROLLBACK)).toMatchObject({ exitCode: 0 });
      await device.expectExactly(older);
    };

    it.each(['other', 'www-data', 'pikit-update', 'pikit-update-api'])('come to nothing as %s', async (user) => {
      await ask('status');
      await device.sh(listingKept('before'));
      const { stdout } = await device.exec(['bash', '-c', tries(triedBy(user))], { user });
      console.log(`${image}, ${user}: ${String(triedBy(user).length)} tried, the whole device listed before and after`);
      expect(stdout).toBe('');
      expect(parseChanges(await device.sh(listingCompared('before')))).toEqual([]);
    });

    it('come to nothing inside the sandbox of check, nor does what it tells systemd', async () => {
      const pid = (await device.unit('nginx.service')).MainPID;
      expect(await inside.run(`${tries(SANDBOXED)}\necho tried`)).toBe('tried\n');
      expect(await inside.run(NOTIFY)).toMatch(/told\n$/);
      expect(await device.unit('nginx.service')).toMatchObject({ ActiveState: 'active', MainPID: pid });
      expect((await device.systemctl('is-system-running')).stdout).toBe('running\n');
      console.log(`${image}, sandbox of check: ${String(SANDBOXED.length)} tried`);
    });

    it("forge no line of root's steps", async () => {
      for (const user of ['other', 'www-data', 'pikit-update']) await device.exec(['bash', '-c', FORGE], { user });
      const outside = await ask('logs?lines=500');
      await inside.run(FORGE);
      const from = (text: unknown): string[] =>
        Logs.parse(text)
          .lines.filter(({ message }) => message.startsWith('forged'))
          .map(({ unit }) => unit);
      expect(from(outside)).toEqual([]);
      // Inside check they are lines of check, and are called so.
      expect(from(await ask('logs?lines=500')).filter((unit) => unit !== 'check')).toEqual([]);
      const written = await device.sh("journalctl --sync; journalctl -b -o cat | grep -c '^forged'");
      expect(Number(written)).toBeGreaterThan(30);
    });

    it('read nothing through a folder that is a link, and copy no more than was said', async () => {
      for (const [act, code] of [
        [`mv ${CACHE}/1.1.0/tree/pikit-web ${CACHE}/1.1.0/tree/mine; ln -s /etc ${CACHE}/1.1.0/tree/pikit-web`, 'STAGED_INVALID'],
        [`truncate -s 3G ${CACHE}/1.1.0/tree/pikit-web/index.html`, 'STAGED_INVALID'],
      ] as const) {
        await staged();
        await inside.run(act);
        const { exitCode, lines } = await device.start(APPLY);
        expect([act, exitCode, lines.join('\n')]).toMatchObject([act, 1, expect.stringContaining(`[${code}]`)]);
        await device.expectExactly(older);
      }
      await installsAndGoesBack();
    });

    it('hold nothing up by a deep folder, a full state, or files of 5 MB', async () => {
      const big = ['state.json', 'staged', 'timings.json'].map((name) => `${STATE}/${name}`).concat(`${RUN}/run.json`, `${RUN}/progress.json`);
      await inside.run(`${DEEP}\n${NOTICES}`);
      expect((await device.exec(['timeout', '20', 'pikit-update', 'status'])).exitCode).toBe(0);
      expect(await ask('status')).toMatchObject({ branch: 'stable' });
      await installsAndGoesBack();
      expect(await device.sh(`ls -A ${CACHE}`)).not.toMatch(/0\.0\.1|swept/);
      await inside.run(big.map((path) => `rm -f ${path}; head -c 5M /dev/zero >${path}`).join('\n'));
      expect((await device.exec(['timeout', '20', 'pikit-update', 'status'])).exitCode).toBe(0);
      expect(await ask('status')).toMatchObject({ branch: 'stable' });
      await installsAndGoesBack();
      await device.sh(`rm -rf ${STATE}/*.damaged* ${RUN}/*.damaged*`);
    });

    it('do not stand in the way back of an update that was killed', async () => {
      await device.hold();
      const after = await device.cursor();
      await device.systemctl('start', '--no-block', APPLY);
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), { after, timeoutMs: MINUTE });
      const ways = ['next', 'granted'].map(
        (dir) => `mkdir ${RUN}/${dir}/rollback; rm -rf ${RUN}/${dir}; ln -sfT /run/lock ${RUN}/${dir}; ln -s /run/lock/x ${RUN}/${dir}/apply`,
      );
      await inside.run(ways.join('\n'));
      await device.sh(`kill -9 "$(systemctl show -P MainPID ${APPLY})"`);
      await device.letGo();
      await device.waitForJournal(['-t', 'pikit-update-rollback'], (entry) => /^installing 1\.1\.0 failed/.test(entry.MESSAGE ?? ''), {
        after,
        timeoutMs: MINUTE,
      });
      await device.waitForUnit(ROLLBACK, (unit) => unit.ActiveState === 'inactive', MINUTE);
      await device.expectExactly(older);
      await device.sh(`rm -rf ${RUN}/*/rollback ${RUN}/*/apply ${RUN}/*/*.damaged*`);
    });

    it('keep no owner from going back by leases on every file that root may want to read', async () => {
      expect(await device.start(APPLY)).toMatchObject({ exitCode: 0 });
      await device.writeFile('/srv/lease.py', LEASE);
      const leased = [...['state.json', 'staged', 'timings.json'].map((name) => `${STATE}/${name}`), `${RUN}/run.json`, `${RUN}/progress.json`];
      await inside.begin(`for path in ${leased.join(' ')}; do test -O $path || { rm -f $path; echo '{}' >$path; }; done
        python3 /srv/lease.py ${leased.join(' ')} -`);
      const began = performance.now();
      const { exitCode, lines } = await device.start(ROLLBACK);
      const seconds = (performance.now() - began) / 1000;
      expect(exitCode, lines.join('\n')).toBe(0);
      // A process that waits for one lease waits for 45 s: the leases end before the test itself reads such a file.
      expect(seconds).toBeLessThan(40);
      expect(await inside.end()).toMatch(/^[5-9]$|^[1-9]\d+$/m);
      await device.expectExactly(older);
      await device.sh(`rm -rf ${STATE}/*.damaged* ${RUN}/*.damaged*`);
      await installsAndGoesBack();
    });

    it('tell no other user what a service wrote when it failed', async () => {
      await stage.publish({
        version: '1.2.0',
        web: '5.18.2',
        extra: { 'pikit-api.py': `#!/usr/bin/python3\nraise SystemExit("password=${SECRET}")\n` },
      });
      expect(await device.start(APPLY)).toMatchObject({ exitCode: 1 });
      await device.expectExactly(older);
      const found = `grep -rl ${SECRET} ${STATE} ${RUN} /var/lib/pikit /var/backups /etc/pikit 2>/dev/null || true`;
      expect(await device.sh(found, { user: 'other' })).toBe('');
      for (const path of ['status', 'history', 'plan', 'logs?lines=500']) expect(JSON.stringify(await ask(path)), path).not.toContain(SECRET);
      expect(await device.sh(`grep -c ${SECRET} /var/lib/pikit/history.jsonl`)).not.toBe('0\n');
    });

    it.each(['ln -s /etc next', 'echo x >next', 'mkfifo granted', 'ln -s /var/www granted'])(
      'leave nothing in the layout before this one that the package would follow: %s',
      async (plant) => {
        const looks = "stat -c '%n %U %a' /etc /var/www; ls -A /etc /var/www | grep -v -- '-$'";
        const before = await device.sh(looks);
        await device.sh(`rm -rf ${RUN}/next ${RUN}/granted; chown pikit-update ${RUN}; chmod 755 ${RUN}`);
        await device.sh(`cd ${RUN}; ${plant}`, { user: 'pikit-update' });
        await device.sh('/var/lib/dpkg/info/pikit-update.postinst configure 0.1.0');
        expect(await device.sh(looks)).toBe(before);
        expect(await device.sh(`stat -c '%U %a %F' ${RUN} ${RUN}/next ${RUN}/granted`)).toBe('root 1775 directory\n'.repeat(3));
        await device.sh(`rm -rf ${RUN}/*.damaged*`);
      },
    );

    it('keep no owner out by a storm of changes', async () => {
      await device.sh(
        'curl -sN --max-time 20 --unix-socket /run/pikit-update-api/api.sock http://localhost/api/update/events >/tmp/events 2>&1 </dev/null &',
      );
      const storm = inside.run(`python3 -c "${STORM}"`);
      const began = performance.now();
      for (let asked = 0; asked < 5; asked += 1) expect(await ask('status')).toMatchObject({ branch: 'stable' });
      const ms = (performance.now() - began) / 5;
      const changes = Number(await storm);
      console.log(`${image}: ${String(changes)} changes, the status meanwhile in ${ms.toFixed(0)} ms`);
      expect(changes).toBeGreaterThan(10_000);
      expect(ms).toBeLessThan(5000);
    });

    it('have root stop nothing of theirs by PIKIT_ROOT', async () => {
      await device.sh(`install -d -o other /home/other/r/run/pikit-update; ln -s / /home/other/l
        systemd-run --quiet --unit=victim sleep 1000
        echo "{\\"pid\\":$(systemctl show -P MainPID victim.service)}" >/home/other/r/run/pikit-update/progress.json; chown -R other /home/other`);
      for (const root of ['/home/other/r', '/home/other/l', RUN, STATE]) {
        expect([root, (await device.exec(`PIKIT_ROOT=${root} pikit-update cancel`)).exitCode]).toEqual([root, 2]);
      }
      expect((await device.unit('victim.service')).ActiveState).toBe('active');
      await device.sh('systemctl stop victim.service');
    });

    it('get past no login of the dashboard, also from inside the sandbox of check, which is a visitor like any other', async () => {
      const visit =
        "curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '{\"auto\":\"check\"}' http://127.0.0.1/api/update/auto";
      expect(await inside.run(visit)).toBe('200');
      await device.writeFile(
        '/etc/nginx/sites-enabled/login',
        'server { listen 8093; location = /check { if ($cookie_session = "good") { return 204; } return 401; } }\n',
      );
      await device.sh(`sed -i 's/#login //; s#http://127.0.0.1:8080/api/login/check#http://127.0.0.1:8093/check#' /etc/nginx/snippets/pikit-update-api.conf
        nginx -t -q && systemctl restart nginx`);
      expect(await device.sh('curl -s -b session=good http://127.0.0.1/api/update/status')).toContain('"current"');
      expect(await device.sh(LOGIN)).toBe('');
      expect(await inside.run(visit)).toBe('401');
      console.log(`${image}: ${String(WITHOUT_LOGIN)} requests without a login`);
    });
  });
}
