/** Who can have anything started: root, and the API by eight orders. Every call, mode and unit is tried as each user, on real systemd. */
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { CLIENT, JOBS, MATRIX, OTHER_CALLS, SQUATS } from './starter-tries.ts';

const USERS = ['pikit-update-api', 'pikit-update', 'other', 'www-data'] as const;
const SOCKET = '/run/pikit-update-api/order.sock';

const Call = z.object({ member: z.string(), payload: z.object({ data: z.array(z.unknown()) }) });

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfStarter(image: DeviceImage): void {
  describeOnDevice(image, `who may start what on ${image}`, () => {
    let device: PikitDevice;

    beforeAll(async () => {
      const stage = await onDevice(image);
      ({ device } = stage);
      await stage.publish({ version: '1.0.0', web: '5.17.14' });
      await device.sh('useradd --no-create-home other; systemctl start polkit.service pikit-update-order.socket');
      await device.writeFile('/usr/local/lib/order.py', CLIENT);
      return stage.end;
    });

    const jobs = (): Promise<string> => device.sh(JOBS);
    const order = async (bytes: string, user = 'pikit-update-api'): Promise<unknown> => {
      const { stdout } = await device.exec(['python3', '/usr/local/lib/order.py', SOCKET], { user, input: bytes });
      try {
        return JSON.parse(stdout);
      } catch {
        return stdout.trim();
      }
    };

    it.each(USERS)('gives no job to %s, whatever the call, the mode and the unit', async (user) => {
      const before = await jobs();
      const { stdout, exitCode, stderr } = await device.exec(['bash', '-c', MATRIX], { user, timeoutMs: 600_000 });
      expect(exitCode, stderr).toBe(0);
      const tried = stdout.split('\n').filter((line) => line !== '');
      const of = (is: string): string[] => tried.filter((line) => line.startsWith(is));
      expect([...of('done '), ...of('odd ')]).toEqual([]);
      expect(of('denied ').length).toBeGreaterThan(500);
      expect(of('denied ').length + of('invalid ').length).toBe(tried.length);
      // systemd counts every job that it ever had.
      expect(await jobs()).toBe(before);
      console.log(
        `${user}: ${String(tried.length)} jobs asked for, ${String(of('denied ').length)} denied, ${String(of('invalid ').length)} invalid, 0 queued`,
      );
    });

    it.each(USERS)('does nothing else for %s', async (user) => {
      const before = await jobs();
      const { stdout } = await device.exec(['bash', '-c', OTHER_CALLS], { user, timeoutMs: 120_000 });
      const tried = stdout.split('\n').filter((line) => line !== '');
      expect(tried.filter((line) => !/^(?:denied|invalid) /.test(line))).toEqual([]);
      expect(tried.filter((line) => line.startsWith('denied ')).length).toBeGreaterThan(20);
      expect(await jobs()).toBe(before);
      expect((await device.systemctl('is-system-running')).stdout).toBe('running\n');
    });

    it('has a socket for orders that is for the API alone', async () => {
      for (const user of ['pikit-update', 'other', 'www-data', 'nobody']) {
        expect([user, await order('{"order":"check"}', user)]).toEqual([user, 'EACCES']);
      }
      expect(await device.sh(`stat --format='%U:%G %a' ${SOCKET} /run/pikit-update-api /run/pikit-update-api/api.sock`)).toBe(
        'root:pikit-update-api 660\nroot:root 755\nroot:www-data 660\n',
      );
    });

    it.each(['pikit-update-api', 'pikit-update', 'other'])('lets %s put nothing in the place of a socket', async (user) => {
      await device.sh('systemctl start pikit-update-api.socket');
      const before = await device.sh('ls -lai /run/pikit-update-api');
      expect((await device.exec(['bash', '-c', SQUATS], { user })).stdout).toBe('');
      expect(await device.sh('ls -lai /run/pikit-update-api')).toBe(before);
      const asked = await device.exec(['curl', '-s', '--unix-socket', '/run/pikit-update-api/api.sock', 'http://localhost/api/update/status'], {
        user: 'www-data',
      });
      expect(JSON.parse(asked.stdout)).toMatchObject({ branch: 'stable' });
    });

    it('has an API that can write nowhere', async () => {
      const folders = '/run /run/pikit-update /run/pikit-update-api /var/lib/pikit-update /var/cache/pikit-update /var/lib/pikit /etc/pikit /var/www';
      const tries = `for dir in ${folders}; do if touch "$dir/x" 2>/dev/null || mkdir "$dir/y" 2>/dev/null; then echo "$dir"; fi; done;
        find /run/pikit-update* /var/lib/pikit-update /var/cache/pikit-update ! -type s ! -type l -writable 2>/dev/null;
        flock -n /run/pikit-update.lock true 2>/dev/null && echo lock; true`;
      expect(await device.exec(['bash', '-c', tries], { user: 'pikit-update-api' })).toMatchObject({ stdout: '' });
    });

    it('carries out the orders of the API with our units in mode replace, and with no other', async () => {
      await device.sh(
        'busctl --system --json=short monitor --match="type=method_call,interface=org.freedesktop.systemd1.Manager" >/tmp/calls 2>/dev/null & echo $! >/tmp/monitor',
      );
      // It is heard once it hears itself.
      await device.sh(
        'until grep -q ListJobs /tmp/calls; do busctl --system call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager ListJobs >/dev/null; done',
      );
      const orders: unknown[] = [
        { order: 'check' },
        { order: 'stop', step: 'check' },
        { order: 'stop', step: 'fetch' },
        { order: 'apply', version: null, manifest_sha256: null, replace: [] },
        { order: 'stop', step: 'apply' },
        { order: 'rollback' },
        { order: 'auto', auto: 'off', time: null },
        { order: 'auto', auto: 'download', time: '03:00' },
        { order: 'auto', auto: 'check', time: '04:20' },
        { order: 'branch', name: 'stable' },
        { order: 'skip', version: '9.9.9' },
        { order: 'skip', version: null },
        { order: 'dismiss', id: null },
      ];
      for (const one of orders) {
        expect([one, await order(JSON.stringify(one))]).toMatchObject([one, { ok: {} }]);
        await device.sh('until test -z "$(systemctl list-jobs --no-legend)"; do :; done');
      }
      await device.sh('kill "$(cat /tmp/monitor)"');
      const calls = (await device.readFile('/tmp/calls'))
        .split('\n')
        .filter(
          (line) =>
            /"member":"[A-Za-z]*(?:Unit|Job)[A-Za-z]*".*pikit-update/.test(line) &&
            !/"member":"(?:LoadUnit|GetUnit|(?:En|Dis)ableUnitFiles)"/.test(line),
        )
        .map((line) => Call.parse(JSON.parse(line)))
        .map(({ member, payload }) => [member, ...payload.data].join(' '));
      const [start, stop] = ['StartUnit', 'StopUnit'].map((verb) => (name: string) => `${verb} pikit-update-${name}.service replace`);
      expect(calls.filter((call) => !call.includes('pikit-update.timer'))).toEqual([
        start?.('check'),
        stop?.('check'),
        stop?.('fetch'),
        start?.('apply'),
        stop?.('apply'),
        start?.('rollback'),
        start?.('auto@off'),
        start?.('auto@download'),
        start?.('auto@check'),
      ]);
      // By pikit-update-auto@, which root runs.
      expect(calls.filter((call) => call.includes('pikit-update.timer'))).toEqual([
        'StopUnit pikit-update.timer replace',
        'RestartUnit pikit-update.timer replace',
        'RestartUnit pikit-update.timer replace',
      ]);
    });

    it('outlives a hundred messages that are no orders, and thirty clients that say nothing', async () => {
      const before = await jobs();
      const script = `
import socket, sys
n = 0
for i in range(100):
    s = socket.socket(socket.AF_UNIX); s.connect("${SOCKET}")
    try:
        s.sendall([b"", b"x" * 70000, b'{"order":"check","mode":"flush"}', b'{"order":"start","unit":"ssh.service"}'][i % 4]); s.shutdown(1)
    except OSError: pass
    answer = b""
    try:
        while True:
            more = s.recv(65536)
            if not more: break
            answer += more
    except OSError: pass
    n += answer.startswith(b'{"error":')
    s.close()
silent = []
for i in range(30):
    s = socket.socket(socket.AF_UNIX); s.connect("${SOCKET}"); silent.append(s)
ended = 0
for s in silent:
    s.settimeout(60)
    try:
        while s.recv(65536): pass
        ended += 1
    except ConnectionError: ended += 1
print(n, ended)
`;
      const { stdout } = await device.exec(['python3', '-c', script], { user: 'pikit-update-api', timeoutMs: 600_000 });
      expect(stdout).toBe('100 30\n');
      expect((await device.unit('pikit-update-order.socket')).ActiveState).toBe('active');
      expect(await order('{"order":"skip","version":null}')).toEqual({ ok: { job: null, dismissed: [] } });
      expect((await device.systemctl('--failed', '--no-legend', 'list-units')).stdout).toBe('');
      const ran = (text: string): string => text.replaceAll(/^installed .*$/gm, '');
      expect(ran(await jobs())).toBe(ran(before));
    });
  });
}
