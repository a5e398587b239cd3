/** Commands that a release brings: what they may do on a real device, what they may not, and that nothing of them stays. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import type { Stage } from '../../helpers/on-device.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built } from '../../helpers/release-builder.ts';

const APPLY = 'pikit-update-apply.service';
const ROLLBACK = 'pikit-update-rollback.service';
const HOOK = 'helpers/hook.sh';
const MINUTE = 60_000;

/** Places that a command has no business in, each with what it would do there: a write, or a look that shows a secret. */
const CLOSED: readonly (readonly [string, string])[] = [
  ['write to /etc', 'echo x >/etc/hook'],
  ['write to /usr/bin', 'echo x >/usr/bin/hook'],
  ['write to /var/lib', 'mkdir /var/lib/hook'],
  ['write to a web root that is not ours', 'echo x >/var/www/hook'],
  ['write to /root', 'echo x >/root/hook'],
  ['write to /run', 'echo x >/run/hook'],
  ['put a unit into /run/systemd/system', 'echo x >/run/systemd/system/hook.service'],
  ['read the state of root', 'cat /var/lib/pikit/installed.json'],
  ['read the public state', 'cat /var/lib/pikit-update/state.json'],
  ['read the configuration', 'cat /etc/pikit/update.toml'],
  ['read a token', 'cat /etc/pikit/api-token'],
  ['read the downloads', 'ls /var/cache/pikit-update'],
  ['read the backup', 'ls /var/backups/pikit'],
  ['read the passwords', 'cat /etc/shadow'],
  ['read home directories', 'ls /root/.bashrc'],
  ['see the sockets of the API', 'ls /run/pikit-update-api/api.sock'],
  ['see the bus', 'ls /run/dbus/system_bus_socket'],
  ['see the manager of units', 'test -w /run/systemd/private'],
  ['talk to the bus', 'busctl --timeout=2 call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping'],
  ['reach the network of the device', 'curl -s -m 2 http://127.0.0.1:8090/'],
  ['reach a name server', 'python3 -c \'import socket; socket.create_connection(("192.0.2.1", 53), 2)\''],
  ['open a socket at all', "python3 -c 'import socket; socket.socket(socket.AF_UNIX)'"],
  ['change an owner', 'chown www-data "$0"'],
  ['make a program of root for all', 'cp /bin/sh /var/www/pikit-web/sh && chmod u+s /var/www/pikit-web/sh'],
  ['mount', 'mount -t tmpfs none /mnt'],
  ['make a namespace', 'unshare -U true'],
  ['make a device', 'mknod /var/www/pikit-web/disk b 8 0'],
  ['look into another process', 'cat /proc/1/environ'],
  ['set the clock', 'date -s 2020-01-01'],
  ['change the kernel', 'echo 1 >/proc/sys/kernel/sysrq'],
  ['load a module', 'modprobe loop'],
  ['leave its control group', 'echo $$ >/sys/fs/cgroup/cgroup.procs'],
];

const Last = z.object({ code: z.string(), message: z.string(), subject: z.string().nullable(), lines: z.array(z.string()) });

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfHooks(image: DeviceImage): void {
  describeOnDevice(image, `commands of a release on ${image}`, () => {
    let stage: Stage;
    let device: PikitDevice;
    let older: Built;
    let published = 0;

    beforeAll(async () => {
      stage = await onDevice(image, null);
      ({ device } = stage);
      await configure();
      await device.sh('mkdir -p /srv/extra /root; touch /root/.bashrc; echo secret >/etc/pikit/api-token; chmod 600 /etc/pikit/api-token');
      older = await stage.install({ version: '1.0.0', web: '5.17.14', extra: { 'pikit-web/same.txt': 'same\n' } });
      return stage.end;
    });

    beforeEach(async () => {
      await device.sh('systemctl reset-failed; rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/staged; rm -f /srv/extra/*');
      await configure();
      await device.forgetHeld();
      if ((await device.version()) !== older.version) expect(await device.start(ROLLBACK)).toMatchObject({ exitCode: 0 });
      await device.expectExactly(older);
    });

    const configure = async (timeout = '30s', write = '[]'): Promise<void> => {
      await device.writeFile(
        '/etc/pikit/update.toml',
        `[source]\ntype = "static"\nurl = "http://127.0.0.1:8090"\n[post_install]\nallow_unsigned = true\ntimeout = "${timeout}"\nwrite = ${write}\n[health]\nsettle = "0s"\n`,
      );
    };

    /** Publishes a release that runs this script. */
    const publish = async (script: string, run: string = HOOK): Promise<Built> => {
      published += 1;
      return await stage.publish({
        version: `1.0.${String(published)}`,
        web: '5.18.2',
        extra: { 'pikit-web/same.txt': 'same\n', [HOOK]: script.startsWith('#!') ? script : `#!/bin/bash\n${script}\n` },
        run,
      });
    };

    const succeed = async (): Promise<string[]> => {
      const { exitCode, lines } = await device.start(APPLY);
      expect(exitCode, lines.join('\n')).toBe(0);
      return lines;
    };

    /** The update fails, everything is as before, and nothing of the command is left; what root has written down of it. */
    const fail = async (): Promise<z.infer<typeof Last>> => {
      const { exitCode, lines } = await device.start(APPLY);
      expect(exitCode, lines.join('\n')).toBe(1);
      await device.expectExactly(older);
      expect(await device.sh("systemctl list-units --all --no-legend 'pikit-update-hook-*'; ls /sys/fs/cgroup | grep hook || true")).toBe('');
      return Last.parse(JSON.parse((await device.sh('tail -n 1 /var/lib/pikit/history.jsonl')).trim()));
    };

    it('runs in a unit of its own with its arguments, as they are, and says what it wrote', async () => {
      const newer = await publish(
        `printf '%s|' "$@"; echo; echo "to stderr" >&2; sed 's/^0:://' /proc/self/cgroup; id -u; grep CapEff /proc/self/status`,
        `${HOOK} --to 2 $(id) $HOME a'b *`,
      );
      const lines = await succeed();
      expect(lines).toContain("'helpers/hook.sh' wrote: --to|2|$(id)|$HOME|a'b|*|");
      expect(lines).toContain("'helpers/hook.sh' wrote: to stderr");
      expect(await device.sh('pikit-update history -n 1')).toContain('\n      to stderr\n');
      expect(lines).toContainEqual(matching(/^'helpers\/hook\.sh' wrote: \/.*\/pikit-update-hook-1\.service$/));
      expect(lines).toContain("'helpers/hook.sh' wrote: 0");
      expect(lines).toContainEqual(matching(/wrote: CapEff: 0+$/));
      await device.expectExactly(newer);
      expect(await device.sh("systemctl list-units --all --no-legend 'pikit-update-hook-*'; ls /run/pikit-update/orders")).not.toContain('hook');
    });

    it("may write to the folders of the release, and where the owner says so; a rollback undoes what was the release's", async () => {
      await configure('30s', '["/srv/extra"]');
      const newer = await publish(
        'cd /var/www/pikit-web; echo changed >>same.txt; echo changed >>release.txt; echo mine >made.txt; echo 1 >/srv/extra/note',
      );
      await succeed();
      expect(await device.sh('cd /var/www/pikit-web; cat same.txt release.txt made.txt /srv/extra/note')).toBe(
        `same\nchanged\n${newer.version}\nchanged\nmine\n1\n`,
      );
      expect(await device.start(ROLLBACK)).toMatchObject({ exitCode: 0 });
      // What no release brought stays as the command left it.
      await device.sh('rm /var/www/pikit-web/made.txt');
      await device.expectExactly(older);
    });

    it('undoes what it has changed when it fails', async () => {
      await publish('cd /var/www/pikit-web; echo changed >>same.txt; echo changed >release.txt; rm index.html; echo bad news >&2; exit 3');
      expect(await fail()).toMatchObject({
        code: 'POST_INSTALL_FAILED',
        message: containing("'helpers/hook.sh' of the release ended with exit code 3"),
        subject: HOOK,
        lines: ['bad news'],
      });
    });

    it('names the signal', async () => {
      await publish('kill -SEGV $$');
      expect(await fail()).toMatchObject({ message: containing(' was ended by SIGSEGV') });
    });

    it('keeps the last twenty lines of what it prints, and of garbage what can be printed', async () => {
      await publish('seq 1000; head -c 300000 /dev/urandom; echo; printf "\\033[2J\\001\\xff\\xfe end\\n"; exit 1');
      const { lines } = await fail();
      expect(lines.length).toBeLessThanOrEqual(20);
      expect(lines.join('')).not.toMatch(/[\p{Cc}]/u);
      expect(lines.at(-1)).toContain('end');
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(500);
    });

    it('ends with its time', async () => {
      await configure('2s');
      await publish("trap '' TERM; echo begun; while :; do sleep 1000 & wait; done");
      expect(await fail()).toMatchObject({
        code: 'POST_INSTALL_FAILED',
        message: containing("'helpers/hook.sh' of the release was still running after 2 s"),
      });
    });

    it('takes all that it started with it', async () => {
      await publish("(trap '' HUP TERM; setsid sleep 4242 >/dev/null 2>&1 &); nohup sleep 4242 & disown; echo forked");
      const lines = await succeed();
      expect(lines).toContain("'helpers/hook.sh' wrote: forked");
      expect((await device.exec(['pgrep', '-f', 'sleep 4242'])).stdout).toBe('');
    });

    it('cannot take all memory, nor all processes', async () => {
      // Not every kernel counts the memory of a unit; a Pi does with cgroup_enable=memory.
      const counts = (await device.exec('grep -qw memory /sys/fs/cgroup/cgroup.controllers')).exitCode === 0;
      console.log(`${image}: the memory of a command is ${counts ? '' : 'not '}counted by this kernel`);
      if (counts) {
        await publish('python3 -c \'x = b"x" * (400 << 20)\'');
        expect(await fail()).toMatchObject({ message: containing('it needed more than 256.0 MiB of memory') });
      }
      await publish('for n in $(seq 200); do sleep 4242 & done; echo unreachable');
      await device.start(APPLY);
      expect((await device.exec(['pgrep', '-f', 'sleep 4242'])).stdout).toBe('');
    });

    it('can do nothing else', async () => {
      const tries = CLOSED.map(([, command], n) => `if (${command}) >/dev/null 2>&1; then echo "done ${String(n)}"; fi`);
      await publish(`cd /; ${tries.join('\n')}\nrm -f /var/www/pikit-web/sh; echo tried ${String(CLOSED.length)}`);
      const lines = await succeed();
      expect(lines).toContain(`'helpers/hook.sh' wrote: tried ${String(CLOSED.length)}`);
      const done = lines.flatMap((line) => {
        const n = /wrote: done (\d+)$/.exec(line)?.[1];
        return n === undefined ? [] : [CLOSED[Number(n)]?.[0]];
      });
      expect(done).toEqual([]);
      console.log(`${image}: ${String(CLOSED.length)} attempts of a command outside of its places, none did anything`);
      expect(await device.sh('ls /etc/hook /usr/bin/hook /var/lib/hook /var/www/hook /root/hook /run/hook 2>/dev/null || true')).toBe('');
    });

    it('ends with an update that is stopped, and is not held against the release', async () => {
      const { version } = await publish("trap '' TERM; echo >/var/www/pikit-web/begun; sleep 4242");
      const done = device.systemctl('start', APPLY);
      await device.waitForUnit('pikit-update-hook-1.service', ({ MainPID }) => (MainPID ?? '0') !== '0', MINUTE);
      await device.sh('until pgrep -f "sleep 4242"; do :; done');
      await device.systemctl('stop', APPLY);
      expect((await done).exitCode).not.toBe(0);
      expect((await device.exec(['pgrep', '-f', 'sleep 4242'])).stdout).toBe('');
      await device.sh('rm -f /var/www/pikit-web/begun');
      await device.expectExactly(older);
      const { held, last_result: last } = await device.state();
      expect(last).toMatchObject({ code: 'CANCELLED' });
      expect(JSON.stringify(held)).not.toContain(`"${version}"`);
    });

    it('is ended before anything goes back, where the update was killed', async () => {
      await publish("trap '' TERM PIPE HUP; cd /var/www/pikit-web; until [ -e never ]; do echo x >release.txt; done");
      const after = await device.cursor();
      const done = device.systemctl('start', APPLY);
      await device.waitForUnit('pikit-update-hook-1.service', ({ MainPID }) => (MainPID ?? '0') !== '0', MINUTE);
      const rolledBack = device.waitForJournal([], ({ UNIT, MESSAGE = '' }) => UNIT === ROLLBACK && /^(?:Finished|Failed to start) /.test(MESSAGE), {
        after,
        timeoutMs: MINUTE,
      });
      await device.sh(`systemctl kill --signal=KILL ${APPLY}`);
      await done;
      await rolledBack;
      const lines = await device.linesSince(after);
      expect(lines).toContain("a command of a release was still running in 'pikit-update-hook-1.service': it was ended");
      expect((await device.exec(['pgrep', '-f', 'hook.sh'])).stdout).toBe('');
      await device.expectExactly(older);
    });

    it('says so where the file cannot be executed', async () => {
      await publish('#!/no/such/interpreter');
      expect(await fail()).toMatchObject({
        message: containing("'helpers/hook.sh' of the release ended with exit code 203: systemd could not execute it"),
      });
    });
  });
}
