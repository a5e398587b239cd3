/**
 * People look at the dashboard while it is updated: no page comes with an asset missing, not to a browser that never rests,
 * nor to a tab that was open before. Through nginx, with the snippet of the package included as its comment says.
 */
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { EXHAUSTIVE, atLeast } from '../../crash/plan.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Site } from '../../helpers/release-builder.ts';
import { PAGES, contentOf, hashedName, hashedRelease } from './hashed-release.ts';
import { slowDown, untraced } from './traced.ts';

const STEPS = ['apply', 'rollback'] as const;
const UPDATES = EXHAUSTIVE ? 100 : 12;
const MINUTE = 60_000;

const Report = z.strictObject({
  loads: z.record(z.string(), z.number()),
  straddled: z.number(),
  tabs: z.number(),
  requests: z.number(),
  failures: z.array(z.string()),
});

/** The program of reader.ts in one file. */
function readerProgram(): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('./reader.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** An asset of a release of this story. */
interface Asset {
  path: string;
  content: string;
}

function asset(version: string, name: string, folder = 'assets'): Asset {
  const content = contentOf(version, name, 500);
  return { path: `/${hashedName(name, content).replace('assets', folder)}`, content };
}

/** Defines the suite for one image. */
export function tellReaders(image: DeviceImage): void {
  describeOnDevice(image, `readers on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;
    let began = '';
    const [plain, forbidden, api, secret] = [
      asset('1.2.0', 'plain.js'),
      asset('1.2.0', 'key.js', 'private'),
      asset('1.2.0', 'old.js', 'api'),
      asset('1.2.0', 'mine.js'),
    ];
    const newer = asset('1.3.0', 'lazy.css');

    beforeAll(async () => {
      const stage = await onDevice(image, { health: ['http://127.0.0.1/'], settle: '50ms' });
      ({ device, site, began } = stage);
      await device.sh(`install -D -m 0644 /usr/share/pikit-update/nginx.conf /etc/nginx/snippets/pikit-update.conf
        sed -i 's#root /var/www/pikit-web;#&\\n    include snippets/pikit-update.conf;\\n    location /private/ { deny all; }#' /etc/nginx/sites-enabled/pikit
        nginx -t 2>&1; systemctl reload nginx`);
      await update('1.0.0');
      return stage.end;
    });

    const publish = async (version: string, assets: readonly Asset[] = [], extra: Record<string, string> = {}): Promise<void> => {
      const files = Object.fromEntries(assets.map(({ path, content }) => [`pikit-web${path}`, content]));
      site.publish(hashedRelease(version, { ...files, ...extra }));
      await device.serve(site);
    };

    const run = async (unit: string): Promise<void> => {
      // No owner updates more than ten times a minute, and the start limit of fetch sees to that.
      await device.sh('systemctl reset-failed pikit-update-fetch.service || true');
      const { exitCode, lines } = await device.start(unit);
      expect(exitCode, lines.join('\n')).toBe(0);
    };

    const update = async (...release: Parameters<typeof publish>): Promise<void> => {
      await publish(...release);
      await run('pikit-update-apply.service');
      expect(await device.version()).toBe(release[0]);
    };

    /** From 1.0.0 to the other release and back, and so on. */
    const goToAndFro = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) await run(`pikit-update-${STEPS[n % 2] ?? ''}.service`);
    };

    /** Status, type and body of what nginx answers; the path goes to it as it is. */
    const get = async (path: string): Promise<{ status: string; type: string; body: string }> => {
      const text = await device.sh(`curl -s --path-as-is -w '\\n%{http_code} %{content_type}' 'http://127.0.0.1${path}'`);
      const [, body = '', status = '', type = ''] = /^([^]*)\n(\d+) (.*)$/.exec(text) ?? [];
      return { status, type, body };
    };

    it('never get a page with an asset missing, whatever is installed meanwhile', { timeout: 30 * MINUTE }, async () => {
      await device.writeFile('/run/reader.mjs', readerProgram());
      await device.sh('mkfifo /run/reader.pid');
      await publish('1.1.0');
      const reading = device.exec(['node', '/run/reader.mjs', '/run/reader.pid', ...PAGES], { timeoutMs: 30 * MINUTE });
      const pid = await device.sh('cat /run/reader.pid');
      // The first half takes its time from name to name, so that every state between two of them is looked at.
      for (const step of STEPS) await slowDown(device, step, 15);
      await goToAndFro(UPDATES / 2);
      for (const step of STEPS) await untraced(device, step);
      await goToAndFro(UPDATES / 2);
      await device.sh(`kill -TERM ${pid}`);
      const { stdout, stderr } = await reading;
      expect(stderr).toBe('');
      const report = Report.parse(JSON.parse(stdout));
      expect(report.failures).toEqual([]);
      const loads = Object.values(report.loads).reduce((sum, count) => sum + count, 0);
      atLeast(`page loads during ${String(UPDATES)} updates, ${String(report.requests)} requests`, loads, 25 * UPDATES);
      for (const version of ['1.0.0', '1.1.0']) atLeast(`page loads of ${version}`, report.loads[version] ?? 0, UPDATES);
      atLeast('page loads that straddled a swap', report.straddled, 1);
      atLeast('tabs that were open over a swap', report.tabs, UPDATES - 1);
    });

    it('go on with an open tab: old names, old bytes, the right type', async () => {
      await update('1.2.0', [plain, forbidden, api, secret], {
        'pikit-web/old.html': '<p>old page</p>\n',
        'pikit-web/old.php': '<?php $password = "secret";\n',
        'helpers/old.js': 'old helper\n',
      });
      await device.sh(`chmod 0640 '/var/www/pikit-web${secret.path}'`);
      await update('1.3.0', [newer]);
      expect(await device.exec(['test', '-e', `/var/www/pikit-web${plain.path}`])).toMatchObject({ exitCode: 1 });
      expect(await get(plain.path)).toEqual({ status: '200', type: 'application/javascript', body: plain.content });
    });

    it('get from the release before nothing but what everybody could read, and no page, script or API of it', async () => {
      for (const path of [secret.path, '/old.html', '/old.php', '/old.js', '/assets', '/assets/nothing.js']) {
        expect(await get(path), path).not.toMatchObject({ status: '200' });
      }
      expect(await get(forbidden.path)).toMatchObject({ status: '403' });
      expect(await get(api.path)).toEqual({ status: '200', type: '', body: '{"version": "1.3.0"}' });
      expect((await get('/')).body).toContain('data-release="1.3.0"');
      const { stdout } = await device.exec('find /var/backups -type f -readable', { user: 'www-data' });
      const readable = stdout.trim().split('\n').sort();
      expect(readable).toContain(`/var/backups/pikit-previous/pikit-web${plain.path}`);
      expect(readable.filter((path) => !/^\/var\/backups\/pikit-previous\/pikit-web\/\w+\/\w+-[0-9a-f]{16}\.\w+$/.test(path))).toEqual([]);
      expect(await device.sh("find /var/backups -name 'mine-*' -path '*previous*'")).toBe('');
    });

    it('get nothing from beside it, by no spelling of a path, and through no link', async () => {
      await device.writeFile('/var/backups/canary.js', 'canary\n');
      await device.sh('ln -s /var/backups/canary.js /var/backups/pikit-previous/pikit-web/link.js');
      const up = ['..', '%2e%2e', '.%2e', '..%2f..', '..%5c..', '..%252f..', '..%c0%af..', '..;'];
      const paths = up.flatMap((one) => [`/${one}/${one}/canary.js`, `/assets/${one}/${one}/${one}/canary.js`, `//${one}//${one}//canary.js`]);
      for (const path of [...paths, '/link.js', '/..%2f..%2fcanary.js', '/assets%2f..%2f..%2f..%2fcanary.js']) {
        const { status, body } = await get(path);
        expect(status, path).toMatch(/^40[034]$/);
        expect(body, path).not.toContain('canary');
      }
    });

    it('get the assets of the newer release when the owner has gone back', async () => {
      await run('pikit-update-rollback.service');
      expect(await get(plain.path)).toMatchObject({ status: '200', body: plain.content });
      expect(await get(newer.path)).toEqual({ status: '200', type: 'text/css', body: newer.content });
    });

    it('get no file of an open transaction, here or there, the old assets all the time, and those of one release only', async () => {
      await publish('1.4.0');
      await device.configure({ timeout: '2min', settle: '50ms' });
      await device.hold();
      const after = await device.cursor();
      const done = device.systemctl('start', 'pikit-update-apply.service');
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), { after, timeoutMs: MINUTE });
      expect((await get('/')).body).toContain('data-release="1.4.0"');
      expect(await get(plain.path)).toMatchObject({ status: '200', body: plain.content });
      const temps = (await device.sh("find /var/www/pikit-web -name '.pikit-*' -printf '/%P\\n'")).trim().split('\n');
      expect(temps.length).toBeGreaterThan(5);
      await device.writeFile('/var/backups/pikit-previous/pikit-web/assets/.pikit-0123abcd.js', 'temp\n');
      for (const path of [...temps.slice(0, 3), '/assets/.pikit-0123abcd.js']) expect(await get(path), path).toMatchObject({ status: '403' });
      await device.letGo();
      expect((await done).exitCode).toBe(0);
      expect(await get(plain.path)).toMatchObject({ status: '200', body: plain.content });
      expect(await get(newer.path)).toMatchObject({ status: '404' });
    });

    it('wrote no line that is not on the list', async () => {
      expect(unexpectedLines(await device.linesSince(began))).toEqual([]);
    });
  });
}
