/** What is around the API on a real device: the bus, its gateway, nginx, its sockets and its package; and what is left when any of them is gone. */
import { beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../../helpers/api-client.ts';
import { apiClient, runIn } from '../../helpers/api-client.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { matching } from '../../helpers/matchers.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Site } from '../../helpers/release-builder.ts';
import { throughNginx } from './api.ts';

const API = 'pikit-update-api.service';
const SOCKET = 'pikit-update-api.socket';
const CHECK = 'pikit-update-check.service';
const TOKEN = 'a-token-of-this-test-0123456789abcdef';

/** How a check ends that works, whether there is something new or not. */
const WELL = matching(/^(?:ok|nothing)$/);

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfApiHost(image: DeviceImage): void {
  describeOnDevice(image, `what is around the API on ${image}`, () => {
    let device: PikitDevice;
    let api: ApiClient;
    let site: Site;
    let began = '';

    beforeAll(async () => {
      const stage = await onDevice(image);
      ({ device, site, began } = stage);
      await stage.publish({ version: '1.0.0', web: '5.17.14' });
      api = apiClient(device);
      await throughNginx(device);
      return stage.end;
    });

    /** A check that works, to its end. */
    const checks = async (): Promise<void> => {
      const checked = await api.post('check');
      expect(checked, JSON.stringify(checked.body)).toMatchObject({ status: 202 });
      expect((await api.get('status')).body).toMatchObject({ run: { id: runIn(checked.body).id } });
      expect(await api.runEnds(runIn(checked.body).id)).toMatchObject({ kind: 'check', outcome: WELL });
    };
    const refuses = async (code: RegExp, hint: RegExp): Promise<void> => {
      const asked = performance.now();
      expect(await api.post('check')).toMatchObject({ status: 503, body: { error: { code: matching(code), hint: matching(hint) } } });
      expect(performance.now() - asked).toBeLessThan(10_000);
    };

    it('answers through nginx, to names of this device and to no others', async () => {
      expect(await api.get('status')).toMatchObject({
        status: 200,
        headers: { 'content-type': matching(/^application\/json/), 'cache-control': 'no-store' },
      });
      expect(await api.get('status', { headers: { Host: 'evil.example' } })).toMatchObject({
        status: 403,
        body: { error: { code: 'HOST_REFUSED' } },
      });
      const address = (await device.sh('hostname')).trim();
      expect(await api.get('status', { headers: { Host: `${address}:8080` } })).toMatchObject({ status: 200 });
      const origin = (value: string) => api.post('cancel', {}, { headers: { Origin: value } });
      expect(await origin('http://evil.example')).toMatchObject({ status: 403, body: { error: { code: 'ORIGIN_REFUSED' } } });
      expect(await origin('http://127.0.0.1')).toMatchObject({ status: 200 });
      expect(await api.get('http://127.0.0.1/api/version')).toMatchObject({ status: 200 });
    });

    it('gives its socket to the web server alone', async () => {
      const ask = (user: string) =>
        device.exec(
          [
            'curl',
            '-s',
            '-o',
            '/dev/null',
            '-w',
            '%{http_code}',
            '--unix-socket',
            '/run/pikit-update-api/api.sock',
            'http://localhost/api/update/status',
          ],
          { user },
        );
      expect(await ask('www-data')).toMatchObject({ exitCode: 0, stdout: '200' });
      expect(await ask('nobody')).toMatchObject({ exitCode: 7, stdout: '000' });
    });

    it('lets the login of the dashboard decide, with the lines of the snippet that are meant for it', async () => {
      await device.writeFile(
        '/etc/nginx/sites-enabled/login',
        'server { listen 8093; location = /check { if ($cookie_session = "good") { return 204; } return 401; } }\n',
      );
      await device.sh(`
        sed -i 's/#login //; s#http://127.0.0.1:8080/api/login/check#http://127.0.0.1:8093/check#' /etc/nginx/snippets/pikit-update-api.conf
        nginx -t -q && systemctl restart nginx`);
      try {
        const good = { headers: { Cookie: 'session=good' } };
        const bad = { headers: { Cookie: 'session=bad' } };
        expect(await api.get('status')).toMatchObject({ status: 401 });
        expect(await api.post('check', {}, bad)).toMatchObject({ status: 401 });
        expect(await api.get('http://127.0.0.1/pikit-update-login', good)).toMatchObject({ status: 404 });
        expect(await api.get('status', good)).toMatchObject({ status: 200 });
        expect(await api.post('cancel', {}, good)).toMatchObject({ status: 200 });
        const events = api.events('events', undefined, good);
        await events.until((event) => event.event === 'status');
        await events.stop();
      } finally {
        await device.sh(
          'cp /usr/share/pikit-update/nginx-api.conf /etc/nginx/snippets/pikit-update-api.conf && nginx -t -q && systemctl restart nginx',
        );
      }
    });

    it('on TCP asks for a token that root alone can read, and never writes it down', async () => {
      const tcp = apiClient(device, 'http://127.0.0.1:8737');
      await device.sh(`systemctl stop ${API} && systemctl start pikit-update-api-tcp.socket`);
      expect(await tcp.get('status')).toMatchObject({ status: 503, body: { error: { hint: matching(/\/etc\/pikit\/api-token/) } } });
      await device.writeFile('/etc/pikit/api-token', `${TOKEN}\n`, { mode: '0600' });
      await device.sh(`systemctl stop ${API}`);
      const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
      expect(await tcp.get('status')).toMatchObject({ status: 401, headers: { 'www-authenticate': matching(/^Bearer/) } });
      expect(await tcp.get('status', bearer(TOKEN.slice(0, -1)))).toMatchObject({ status: 401 });
      expect(await tcp.get('status', bearer(TOKEN))).toMatchObject({ status: 200 });
      expect(await api.get('status')).toMatchObject({ status: 200 });
      expect(await device.sh(`journalctl --no-pager | grep -c '${TOKEN.slice(0, 20)}' || true`)).toBe('0\n');
      await device.sh(`systemctl stop ${API} pikit-update-api-tcp.socket`);
    });

    it.each([
      [
        'when the gateway does not start',
        'mv /usr/lib/pikit-update/order.js /root/',
        'mv /root/order.js /usr/lib/pikit-update/',
        /journalctl -t pikit-update-order/,
      ],
      [
        'when no gateway listens for orders',
        'systemctl stop pikit-update-order.socket',
        'systemctl start pikit-update-order.socket',
        /systemctl status pikit-update-order\.socket/,
      ],
      ['when a unit is masked', `systemctl mask --quiet --runtime ${CHECK}`, `systemctl unmask --quiet --runtime ${CHECK}`, /unmask/],
      [
        'when a unit is missing',
        `mv /usr/lib/systemd/system/${CHECK} /root/ && systemctl daemon-reload`,
        `mv /root/${CHECK} /usr/lib/systemd/system/ && systemctl daemon-reload`,
        /installed/,
      ],
    ])('says what is wrong %s, and works again after it', async (_when, breakIt, mendIt, hint) => {
      await checks();
      await device.sh(breakIt);
      try {
        await refuses(/^(?:SYSTEMD_UNAVAILABLE|PERMISSION)$/, hint);
        expect(await api.get('status')).toMatchObject({ status: 200 });
      } finally {
        await device.sh(mendIt);
      }
      await checks();
    });

    it('needs no polkit', async () => {
      await device.sh('systemctl mask --quiet --now --runtime polkit.service');
      await checks();
      await device.sh('systemctl unmask --quiet --runtime polkit.service');
    });

    it('reads its configuration also where others may not', async () => {
      // As an earlier version said that it should be.
      await device.sh(
        'chown root:pikit-update /etc/pikit/update.toml; chmod 0640 /etc/pikit/update.toml; /var/lib/dpkg/info/pikit-update.postinst configure 0.0.1',
      );
      expect(await api.get('branches')).toMatchObject({ status: 200 });
      await checks();
      expect(await device.sh('stat --format="%U:%G %a" /etc/pikit/update.toml')).toBe('root:pikit-update-config 640\n');
      await device.sh('chmod 0644 /etc/pikit/update.toml');
    });

    it('outlives the bus: it says so while it is gone, and comes back by itself, also for those who watch', async () => {
      const watched = api.events('events');
      await watched.until((event) => event.event === 'status');
      const pid = (await device.unit(API)).MainPID;
      await device.sh('systemctl stop dbus.socket dbus.service');
      await refuses(/^SYSTEMD_UNAVAILABLE$/, /dbus/);
      expect((await api.get('status')).status).toBe(200);
      const seen = watched.runs().at(-1)?.id;
      await device.sh(
        'systemctl start dbus.socket dbus.service && busctl --watch-bind=yes --timeout=60 call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping',
      );
      await device.sh(`systemctl start ${CHECK}`);
      expect(await watched.untilRun((run) => run.id !== seen && run.state === 'ended')).toMatchObject({ kind: 'check', outcome: WELL });
      await watched.stop();
      expect((await device.unit(API)).MainPID).toBe(pid);
      await checks();
    });

    it.each(['daemon-reload', 'daemon-reexec'])('outlives systemctl %s in the middle of a run', async (verb) => {
      await device.sh('rm -f /var/lib/pikit-update/staged');
      const watched = api.events('check', {});
      await watched.untilRun(() => true);
      const pid = (await device.unit(API)).MainPID;
      await device.sh(`systemctl ${verb}`);
      await watched.ended;
      expect(watched.runs().at(-1)).toMatchObject({ kind: 'check', state: 'ended', outcome: WELL });
      await checks();
      expect((await device.unit(API)).MainPID).toBe(pid);
    });

    it('has an error in JSON from nginx when the API does not listen', async () => {
      await device.sh(`systemctl stop ${SOCKET} ${API}`);
      expect(await api.get('status')).toMatchObject({
        status: 503,
        body: { error: { code: 'SYSTEMD_UNAVAILABLE', hint: matching(/pikit-update-api\.socket/) } },
      });
      await device.sh(`systemctl start ${SOCKET}`);
      expect(await api.get('status')).toMatchObject({ status: 200 });
    });

    it('is gone when no client has asked for a while, and there again for the next who does', async () => {
      await device.writeFile(`/run/systemd/system/${API}.d/idle.conf`, '[Service]\nEnvironment=PIKIT_API_IDLE_MS=300\n');
      await device.sh(`systemctl daemon-reload; systemctl stop ${API}`);
      for (let round = 0; round < 3; round += 1) {
        expect(await api.get('status')).toMatchObject({ status: 200 });
        const { Result, ExecMainStatus } = await device.waitForUnit(API, (unit) => unit.ActiveState === 'inactive', 120_000);
        expect({ Result, ExecMainStatus }).toEqual({ Result: 'success', ExecMainStatus: '0' });
        expect(await device.exec(['pgrep', '--count', '--uid', 'pikit-update,pikit-update-api'])).toMatchObject({ stdout: '0\n' });
      }
      const watched = api.events('events');
      await watched.until(() => true);
      await checks();
      expect((await device.unit(API)).ActiveState).toBe('active');
      await watched.stop();
      await device.sh(`rm -r /run/systemd/system/${API}.d; systemctl daemon-reload; systemctl stop ${API}`);
    });

    it('is replaced in the middle of an update when the package is upgraded, and the update does not notice', async () => {
      const newer = site.publish({ version: '1.1.0', web: '5.18.2' });
      await device.serve(site);
      await device.configure({ timeout: '2min' });
      await device.hold();
      const after = await device.cursor();
      const started = await api.post('apply');
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), { after, timeoutMs: 60_000 });
      await device.sh('/var/lib/dpkg/info/pikit-update.prerm upgrade 9.9.9 && /var/lib/dpkg/info/pikit-update.postinst configure 0.0.1');
      expect((await device.unit(SOCKET)).ActiveState).toBe('active');
      expect((await device.systemctl('is-enabled', 'pikit-update-api-tcp.socket')).stdout).toBe('disabled\n');
      expect(await api.get('status')).toMatchObject({ status: 200, body: { run: { id: runIn(started.body).id, state: 'running' } } });
      await device.letGo();
      expect(await api.runEnds(runIn(started.body).id)).toMatchObject({ outcome: 'ok' });
      await device.expectExactly(newer);

      // What root knows of the files: written by every step, and by a package that meets a device where none has run since.
      const published = '/var/lib/pikit-update/published.json';
      const before = await device.sh(`cat ${published}`);
      await device.sh(`rm ${published}; /var/lib/dpkg/info/pikit-update.postinst configure 0.0.1`);
      expect(await device.sh(`cat ${published}`)).toBe(before);
    });

    it('wrote no line that is not on the list', async () => {
      const failures = [/^error: '\w+' was requested, but '.*settings\.json' says 'check'$/, /\[CANCELLED\]$/, /^hint: /];
      expect(unexpectedLines(await device.linesSince(began), failures)).toEqual([]);
    });

    it('leaves nothing when the package is purged', async () => {
      await device.writeFile('/etc/pikit/api-token', `${TOKEN}\n`, { mode: '0600' });
      await device.sh(`systemctl stop ${API} && systemctl enable --quiet --now pikit-update-api-tcp.socket`);
      await api.get('status');
      await device.sh('DEBIAN_FRONTEND=noninteractive apt-get purge --yes pikit-update >/dev/null 2>&1');
      expect(
        await device.exec(
          'ls /etc/pikit/api-token /run/pikit-update /run/pikit-update-api /usr/share/polkit-1/rules.d/50-pikit-update.rules; find /etc/systemd -name "*pikit-update*"; systemctl --no-legend list-units --all "pikit-update*"',
        ),
      ).toMatchObject({
        stdout: '',
      });
      expect(await device.exec(['pgrep', '--count', '--uid', 'pikit-update,pikit-update-api'])).toMatchObject({ stdout: '0\n' });
      expect((await device.exec(['curl', '-s', 'http://127.0.0.1:8737/'])).exitCode).toBe(7);
      expect((await device.systemctl('--failed', '--no-legend', 'list-units', 'pikit-update*')).stdout).toBe('');
    });
  });
}
