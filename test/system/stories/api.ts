/** Updates over HTTP, through nginx, as a browser asks for them: every route that starts, ends or shows a run, on real systemd. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { Run } from '../../../lib/core/run/run.ts';
import type { ApiAnswer, ApiClient } from '../../helpers/api-client.ts';
import { apiClient, inconsistencies, runIn } from '../../helpers/api-client.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { containing, including, matching } from '../../helpers/matchers.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { SLOW_URL } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';

const API = 'pikit-update-api.service';
const APPLY = 'pikit-update-apply.service';

/** What these runs make our units say beyond what they say on a good day. */
const API_LINES = [
  /\[(?:PROBE_FAILED|CANCELLED|NOT_FOUND)\]$/,
  /^hint: check source\.url in \/etc\/pikit\/update\.toml; if it is right, the release may not be published yet$/,
  /^hint: the next start resumes it$/,
  /^hint: you can start it again at any time; nothing was changed$/,
  /^hint: check the log of the service behind 'http:\/\/127\.0\.0\.1:8091\/ready'$/,
  // Its file of the pid is another one after the restart, and the sandbox of apply lets it write to the one before only.
  /^failed to reload nginx, ignoring: nginx -t failed: .*"\/run\/nginx\.pid" failed/,
];

/** Puts the snippet of the package into the dashboard's server block, as its comment says. */
export async function throughNginx(device: PikitDevice): Promise<void> {
  await device.sh(`
    mkdir -p /etc/nginx/snippets
    cp /usr/share/pikit-update/nginx-api.conf /etc/nginx/snippets/pikit-update-api.conf
    sed -i '/root .var.www.pikit-web;/a include snippets/pikit-update-api.conf;' /etc/nginx/sites-enabled/pikit
    nginx -t -q && systemctl restart nginx`);
}

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfApi(image: DeviceImage): void {
  describeOnDevice(image, `the API on ${image}`, () => {
    let device: PikitDevice;
    let api: ApiClient;
    let site: Site;
    let older: Built;
    let newer: Built;
    let beta: Built;
    let began = '';

    beforeAll(async () => {
      const stage = await onDevice(image);
      ({ device, site, began } = stage);
      api = apiClient(device);
      older = await stage.install({ version: '1.0.0', web: '5.17.14', extra: { 'pikit-web/gone.txt': 'old\n' } });
      newer = site.publish({ version: '1.1.0', web: '5.18.2' });
      beta = stage.buildOn({ version: '1.2.0-beta.1', web: '5.18.2', extra: { 'pikit-web/beta.txt': 'beta\n' } }, 'beta');
      writeBranches(site.dir, [{ name: 'beta', display_name: 'Beta' }]);
      await device.serve(site);
      await throughNginx(device);
      return stage.end;
    });

    /** Back to: 1.0.0 installed, 1.1.0 published, nothing known of it, nothing running. */
    beforeEach(async () => {
      await device.letGo();
      await device.configure();
      if ((await device.version()) !== older.version) expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.sh(
        'rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/staged /run/pikit-update/next/* /run/pikit-update/granted/*; systemctl reset-failed',
      );
      await device.forgetHeld();
      await device.expectExactly(older);
    });

    /** An update that waits for its health check, which the test holds; it was started through `start`. */
    const held = async (start: () => Promise<unknown>): Promise<string> => {
      await device.configure({ timeout: '2min' });
      await device.hold();
      const cursor = await device.cursor();
      const started = start();
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), {
        after: cursor,
        timeoutMs: 60_000,
      });
      await started;
      return cursor;
    };
    const ends = async (started: ApiAnswer): Promise<Run> => await api.runEnds(runIn(started.body).id);
    const stepsSince = async (cursor: string, step: string): Promise<string[]> => {
      const entries = await device.journal(['--after-cursor', cursor]);
      return entries.filter((entry) => entry.SYSLOG_IDENTIFIER === `pikit-update-${step}`).map((entry) => entry.MESSAGE ?? '');
    };

    it('checks, says what an update would do, and has done it at the end of the stream', async () => {
      const checked = await api.post('check');
      expect(checked).toMatchObject({ status: 202, body: { run: { kind: 'check', by: 'owner' } } });
      expect(await api.runEnds(runIn(checked.body).id)).toMatchObject({ kind: 'check', outcome: 'ok' });
      expect(await api.get('status')).toMatchObject({ status: 200, body: { current: '1.0.0', available: { version: '1.1.0' } } });
      expect(await api.get('plan')).toMatchObject({ status: 200, body: { plan: { version: '1.1.0' }, reason: null } });

      const applied = api.events('apply', {});
      await applied.ended;
      const last = applied.runs().at(-1);
      expect(last).toMatchObject({ kind: 'update', by: 'owner', state: 'ended', outcome: 'ok', percent: 100, version: '1.1.0', can_cancel: false });
      expect(last?.steps.map(({ step, state }) => `${step} ${state}`)).toEqual(['fetch done', 'apply done']);
      expect(inconsistencies(applied.runs())).toEqual([]);
      expect(new Set(applied.runs().map((run) => run.id)).size).toBe(1);
      expect(applied.runs().length).toBeGreaterThan(2);
      await device.expectExactly(newer);
      expect(await api.get('status')).toMatchObject({ body: { current: '1.1.0', run: last } });
      expect(JSON.parse(await device.sh('pikit-update status --json'))).toMatchObject({ current: '1.1.0', run: { id: last?.id, outcome: 'ok' } });

      const back = await api.post('rollback');
      expect(back).toMatchObject({ status: 202, body: { run: { kind: 'rollback', by: 'owner' } } });
      expect(await api.runEnds(runIn(back.body).id)).toMatchObject({ kind: 'rollback', outcome: 'ok' });
      await device.expectExactly(older);
      const { body } = await api.get('history?limit=2');
      expect(body).toMatchObject({
        history: [
          { step: 'apply', outcome: 'ok' },
          { step: 'rollback', outcome: 'ok' },
        ],
      });
    });

    it('goes back when the new release does not work, and says why at the end of the stream', async () => {
      await device.configure({ timeout: '2s' });
      await device.hold();
      const applied = api.events('apply', {});
      await applied.ended;
      const last = applied.runs().at(-1);
      expect(last).toMatchObject({ kind: 'update', state: 'ended', outcome: 'rolled-back', code: 'PROBE_FAILED', message: containing('8091/ready') });
      expect(last?.hint).not.toBeNull();
      expect(inconsistencies(applied.runs())).toEqual([]);
      await device.expectExactly(older);
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
    });

    it('says at the end of the stream why a download failed, and can be asked again at once', async () => {
      const bundle = '/srv/releases/bundles/pikit-1.1.0.tar.gz';
      await device.sh(`mv ${bundle} ${bundle}.away`);
      const seen: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        const applied = api.events('apply', {});
        await applied.ended;
        const last = applied.runs().at(-1);
        expect(last).toMatchObject({ kind: 'update', state: 'ended', outcome: 'failed', code: 'NOT_FOUND', message: containing('1.1.0') });
        expect(last?.steps.map(({ step, state }) => `${step} ${state}`)).toEqual(['fetch failed']);
        expect(inconsistencies(applied.runs())).toEqual([]);
        seen.push(last?.id ?? '');
      }
      expect(new Set(seen).size).toBe(5);
      await device.sh(`mv ${bundle}.away ${bundle}`);
      expect(await ends(await api.post('apply'))).toMatchObject({ outcome: 'ok' });
      await device.expectExactly(newer);
    });

    it('cancels a download, and goes on there the next time', async () => {
      await device.configure({ url: SLOW_URL });
      const applied = api.events('apply', {});
      const running = await applied.untilRun((run) => run.phase === 'downloading' && (run.bytes ?? 0) > 0);
      expect(running).toMatchObject({
        kind: 'update',
        can_cancel: true,
        steps: [
          { step: 'fetch', state: 'running' },
          { step: 'apply', state: 'waiting' },
        ],
      });
      expect(await api.post('cancel')).toMatchObject({ status: 200, body: { cancelled: including('fetch'), result: { code: 'CANCELLED' } } });
      await applied.ended;
      expect(applied.runs().at(-1)).toMatchObject({ id: running.id, state: 'ended', outcome: 'cancelled', code: 'CANCELLED' });
      expect(inconsistencies(applied.runs())).toEqual([]);
      await device.expectExactly(older);
      expect(await api.post('cancel')).toMatchObject({ status: 200, body: { cancelled: [] } });
      await device.configure();
      expect(await ends(await api.post('apply'))).toMatchObject({ outcome: 'ok' });
      await device.expectExactly(newer);
    });

    it('shows a run that was started on a shell as its own, and starts no other beside it', async () => {
      const cursor = await held(() => device.sh(`systemctl start --no-block ${APPLY}`));
      const { body } = await api.get('status');
      const run = runIn(body);
      expect(run).toMatchObject({ kind: 'update', by: 'owner', state: 'running', version: '1.1.0' });
      for (const route of ['apply', 'rollback', 'check']) {
        expect(await api.post(route), route).toMatchObject({ status: 409, body: { error: { code: 'BUSY' }, run: { id: run.id, state: 'running' } } });
      }
      await device.letGo();
      expect(await api.runEnds(run.id)).toMatchObject({ outcome: 'ok' });
      await device.expectExactly(newer);
      expect(await stepsSince(cursor, 'rollback')).toEqual([]);
    });

    it('starts one update for twenty clicks, and no rollback', async () => {
      const cursor = await device.cursor();
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('apply')));
      const accepted = answers.filter((answer) => answer.status === 202);
      const others = answers.filter((answer) => ![202, 409].includes(answer.status));
      expect(others).toEqual([]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([202, ...Array.from({ length: 19 }, () => 409)]);
      expect(new Set(answers.map((answer) => runIn(answer.body).id)).size).toBe(1);
      expect(await api.runEnds(runIn(accepted[0]?.body).id)).toMatchObject({ outcome: 'ok' });
      expect((await stepsSince(cursor, 'apply')).filter((line) => line.startsWith('installing '))).toHaveLength(1);
      expect(await stepsSince(cursor, 'rollback')).toEqual([]);
      await device.expectExactly(newer);
    });

    it.each(['kill -9 "$(systemctl show -P MainPID pikit-update-api.service)"', 'systemctl restart pikit-update-api.service'])(
      'is taken away in the middle of an update by `%s`: the update does not notice, and a client that comes back sees the same run',
      async (command) => {
        const before = api.events('events');
        await before.until(() => true);
        await held(() => api.post('apply'));
        const running = await before.untilRun(
          (run) => run.state === 'running' && run.steps.some(({ step, state }) => step === 'apply' && state === 'running'),
        );
        const last = before.seen.at(-1)?.id ?? '';
        const invocation = (await device.unit(APPLY)).InvocationID;
        await device.sh(command);
        await before.ended;
        expect(inconsistencies(before.runs())).toEqual([]);

        const after = api.events('events', undefined, { headers: { 'Last-Event-ID': last } });
        await device.letGo();
        expect(await after.untilRun((run) => run.state === 'ended')).toMatchObject({ id: running.id, started: running.started, outcome: 'ok' });
        await after.stop();
        expect(inconsistencies(after.runs())).toEqual([]);
        expect((await device.unit(APPLY)).InvocationID).toBe(invocation);
        await device.expectExactly(newer);
      },
    );

    it('is not noticed by an update that restarts it, and nginx with it', async () => {
      const config = await device.readFile('/etc/pikit/update.toml');
      await device.writeFile('/etc/pikit/update.toml', `${config}[services]\nrestart = ["nginx.service", "pikit-api.service", "${API}"]\n`);
      const cursor = await device.cursor();
      const applied = api.events('apply', {});
      await applied.ended;
      expect(await api.runEnds(applied.runs()[0]?.id ?? '')).toMatchObject({ outcome: 'ok', version: '1.1.0' });
      expect(await stepsSince(cursor, 'apply')).toContain(`restarted nginx.service, pikit-api.service, ${API}`);
      await device.expectExactly(newer);
    });

    it('turns automatic updates on and off, and tells the time that the timer has', async () => {
      const timer = async (): Promise<{ enabled: string; active: string | undefined; next: string | null }> => {
        const { NextElapseUSecRealtime: next, ActiveState: active } = await device.unit('pikit-update.timer');
        const at = next === undefined || next === '' ? null : (await device.sh(`date -u -d '${next}' +%FT%TZ`)).trim();
        return { enabled: (await device.systemctl('is-enabled', 'pikit-update.timer')).stdout.trim(), active, next: at };
      };
      const seconds = (body: unknown): string | null => {
        const next = typeof body === 'object' && body !== null && 'next_check' in body ? body.next_check : undefined;
        return typeof next === 'string' ? `${next.slice(0, 19)}Z` : null;
      };
      const on = await api.post('auto', { auto: 'install', time: '03:33' });
      expect(on).toMatchObject({ status: 200, body: { auto: 'install', time: '03:33', next_check: matching(/^\d{4}-/) } });
      expect(await timer()).toMatchObject({ enabled: 'enabled', active: 'active', next: seconds(on.body) });
      expect(await api.get('auto')).toMatchObject({ status: 200, body: on.body });
      expect(await device.sh('pikit-update auto')).toContain('03:33');

      expect(await api.post('auto', { auto: 'off' })).toMatchObject({ status: 200, body: { auto: 'off', time: '03:33', next_check: null } });
      expect(await timer()).toMatchObject({ enabled: 'disabled', active: 'inactive', next: null });

      expect(await api.post('auto', { auto: 'check', time: '04:20' })).toMatchObject({ status: 200, body: { auto: 'check' } });
      expect(await timer()).toMatchObject({ enabled: 'enabled', active: 'active' });
    });

    it('shows the run of the timer, and that it was the timer', async () => {
      const watched = api.events('events');
      await watched.until(() => true);
      const known = watched.runs().at(-1)?.id;
      await device.fireTimer();
      expect(await watched.untilRun((run) => run.id !== known && run.state === 'ended')).toMatchObject({ kind: 'check', by: 'timer', outcome: 'ok' });
      await watched.stop();
      expect(inconsistencies(watched.runs())).toEqual([]);
    });

    it('follows another branch, looks at once for what it has, and comes back', async () => {
      await ends(await api.post('check'));
      expect(await api.get('branches')).toMatchObject({ body: { branches: including({ name: 'beta', version: null }) } });
      const chosen = await api.post('branch', { name: 'beta' });
      expect(chosen).toMatchObject({ status: 202, body: { following: { selected: 'beta' }, run: { kind: 'check' } } });
      expect(await ends(chosen)).toMatchObject({ outcome: 'ok' });
      expect(await api.get('status')).toMatchObject({ body: { following: { used: 'beta' }, available: { version: beta.version } } });
      expect(await api.post('branch', { name: 'bata' })).toMatchObject({
        status: 404,
        body: { error: { code: 'BRANCH_UNKNOWN', hint: containing("'beta'") } },
      });
      await ends(await api.post('branch', { name: 'stable' }));
      expect(await api.get('status')).toMatchObject({ body: { following: { used: 'stable' }, available: { version: '1.1.0' } } });
    });

    it('shows the journal, goes on where the reader stopped, and follows', async () => {
      await ends(await api.post('check'));
      const { status, body } = await api.get('logs?lines=5&unit=check');
      expect(status).toBe(200);
      expect(body).toMatchObject({ lines: including({ unit: 'check', message: matching(/^1\.1\.0 is available/) }) });
      const cursor = typeof body === 'object' && body !== null && 'cursor' in body ? String(body.cursor) : '';
      const followed = api.events(`logs?cursor=${encodeURIComponent(cursor)}`);
      await api.post('check');
      // systemd writes about the unit as well.
      const isOurs = ({ event, data }: { event: string; data: unknown }): boolean =>
        event === 'line' && JSON.stringify(data).includes('"1.1.0 is available');
      expect(await followed.until(isOurs)).toMatchObject({ data: { unit: 'check' } });
      await followed.stop();
    });

    it('wrote no line that is not on the list', async () => {
      expect(unexpectedLines(await device.linesSince(began), API_LINES)).toEqual([]);
    });
  });
}
