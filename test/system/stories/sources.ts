/** Where releases can come from, on real systemd, in the sandbox of the units: a private repository, a stick, and the ways of a real nginx. */
import fs from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { writeBranches } from '../../helpers/branch-files.ts';
import { bundledScript } from '../../helpers/bundled-script.ts';
import { authority } from '../../helpers/certificates.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { READER, WRITER } from '../../helpers/gitea-server.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';
import { removeDir, tempDir } from '../../helpers/tree.ts';

const CHECK = 'pikit-update-check.service';
const FETCH = 'pikit-update-fetch.service';
const APPLY = 'pikit-update-apply.service';
const ROLLBACK = 'pikit-update-rollback.service';
/** A proxy on the device itself, which sends everything to the nginx there; its unit's journal has its address. */
const PROXY = `
import { proxyServer } from './test/helpers/proxy-server.ts';
void proxyServer({ to: 8099 }).then(({ url }) => console.log('proxy: ' + url));
`;

const TOKEN = '/etc/pikit/source-token';
const STICK = '/media/usb';

/** What steps say here besides what they say on any device. */
const MORE_LINES = [
  /^downloading [\d.]+ KiB of 1\.0\.0 from '(?:127\.0\.0\.1:\d+\/owner\/repo|\/media\/usb\/pikit\/|releases\.example)'$/,
  /^no trusted connection to '127\.0\.0\.1': its certificate is from an unknown authority \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\) \[TLS_FAILED\]$/,
  /^the proxy 'http:\/\/127\.0\.0\.1:\d+' does not answer \(ECONNREFUSED\)(?:; retrying| \[PROXY_UNREACHABLE\])$/,
  /^nothing is published on the branch 'beta': the manifest of the branch 'beta' is not at 'http:.*\/manifest_beta\.json' \(HTTP 404\) \[NOT_FOUND\]$/,
  /^there is no repository '127\.0\.0\.1:\d+\/owner\/repo', or it is private \(HTTP 404\) \[NOT_FOUND\]$/,
  /^'127\.0\.0\.1:\d+' does not accept the token of this device \(HTTP 401\) \[HTTP_STATUS\]$/,
  /^'\/etc\/pikit\/source-token' does not hold a token \[CONFIG_INVALID\]$/,
  /^failed to get the list of branches, using the last known one: the list of branches is not at '\/media\/usb\/pikit\/branches\.json': .*$/,
  /^the manifest is not at '\/media\/usb\/pikit\/manifest\.json': the folder '\/media\/usb\/pikit' is not there \[OFFLINE\]$/,
  /^hint: /,
];

/** Gitea on the device itself, one private repository; 8095 is the door of the test: what was asked, and another mind. */
const FORGE = `
import http from 'node:http';
import { giteaServer } from './test/helpers/gitea-server.ts';
void giteaServer({ isPrivate: true, storage: true }).then((forge) => {
  http.createServer((request, response) => {
    forge.options.isPrivate = request.url !== '/public';
    const { requests, storageRequests } = forge;
    response.end(JSON.stringify({ requests: requests.splice(0), storageRequests: storageRequests.splice(0) }));
  }).listen(8095, '127.0.0.1', () => console.log('repository: ' + forge.url));
});
`;

/** The site once more, as stores of objects have it: one validator only, and Range or none; no list of a folder anywhere. */
const STORES = `
server { listen 8096; root /srv/releases; etag off; access_log /var/log/nginx/stores.log; }
server { listen 8097; root /srv/releases; add_header Last-Modified ""; access_log /var/log/nginx/stores.log; }
server { listen 8098; root /srv/releases; etag off; add_header Last-Modified ""; max_ranges 0; access_log /var/log/nginx/stores.log; }
server { listen 8099; root /srv/releases; access_log /var/log/nginx/stores.log; }
${serverOfTheDocs().replace(/\blisten .*;/, 'listen 8100; access_log /var/log/nginx/stores.log;')}
`;

const HOME = `server { listen 8443 ssl; ssl_certificate /etc/nginx/home.crt; ssl_certificate_key /etc/nginx/home.key; root /srv/releases; }`;

/** What docs/hosting.md has for nginx, without the certificate that is not here. */
function serverOfTheDocs(): string {
  const block = /^```nginx\n([\s\S]*?)^```$/m.exec(fs.readFileSync('docs/hosting.md', 'utf8'))?.[1] ?? '';
  return block.replace(/^ *ssl_.*\n/gm, '').replace('/srv/www/pikit/', '/srv/releases/');
}

const Requests = z.array(z.object({ url: z.string(), authorization: z.string().nullable() }));
const Asked = z.object({ requests: Requests, storageRequests: Requests });

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfSources(image: DeviceImage): void {
  describeOnDevice(image, `sources on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;
    let work = '';
    let release: Built;
    let began = '';
    let repository = '';

    const source = async (type: string, url: string, more = ''): Promise<void> => {
      await device.writeFile(
        '/etc/pikit/update.toml',
        `[source]\ntype = "${type}"\nurl = "${url}"\n${more}[health]\nhttp = ["http://127.0.0.1/"]\nsettle = "100ms"\n`,
      );
    };
    /** As if nothing had ever been asked or downloaded. */
    const forget = async (): Promise<void> => {
      await device.sh(`rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/*; systemctl reset-failed ${CHECK} ${FETCH}`);
    };
    /** Runs a script in a unit of its name, and resolves to what it says about itself behind `word: `. */
    const serve = async (name: string, script: string, word: string): Promise<string> => {
      await device.writeFile(`/opt/${name}.cjs`, fs.readFileSync(bundledScript(work, name, script)));
      const after = await device.cursor();
      await device.sh(`systemd-run --quiet --unit=${name} /usr/bin/node /opt/${name}.cjs`);
      const ready = await device.waitForJournal(['--unit', name], ({ MESSAGE = '' }) => MESSAGE.startsWith(`${word}: `), {
        after,
        timeoutMs: 120_000,
      });
      return (ready.MESSAGE ?? '').slice(`${word}: `.length);
    };
    /** What was asked since the last time; the repository is private or public from now on. */
    const asked = async (path: 'private' | 'public'): Promise<z.infer<typeof Asked>> =>
      Asked.parse(JSON.parse(await device.sh(`curl -sf http://127.0.0.1:8095/${path}`)));
    const succeed = async (unit: string): Promise<string[]> => {
      const { exitCode, lines } = await device.start(unit);
      expect(exitCode, lines.join('\n')).toBe(0);
      return lines;
    };
    /** The timer's check, to its end. */
    const nightly = async (): Promise<void> => {
      const after = await device.cursor();
      const checked = device.waitForJournal([], ({ UNIT, MESSAGE = '' }) => UNIT === CHECK && /^(?:Finished|Failed to start) /.test(MESSAGE), {
        after,
        timeoutMs: 120_000,
      });
      await device.fireTimer();
      expect((await checked).MESSAGE).toMatch(/^Finished /);
    };
    const fail = async (unit: string): Promise<string> => {
      const { exitCode, lines } = await device.start(unit);
      expect(exitCode).toBe(1);
      return lines.join('\n');
    };

    beforeAll(async () => {
      work = tempDir();
      const stage = await onDevice(image, null);
      ({ device, site } = stage);
      writeBranches(site.dir, [{ name: 'beta' }]);
      release = await stage.publish({ version: '1.0.0', web: '5.17.14' });
      await device.copyDir(site.dir, '/root/site');
      await device.writeFile('/etc/nginx/sites-enabled/stores', STORES);
      await device.sh('nginx -t -q && nginx -s reload');
      repository = await serve('forge', FORGE, 'repository');
      await device.writeFile('/root/release-token', WRITER, { mode: '0600' });
      await device.sh(`pikit-release publish --site /root/site --to gitea:${repository} --token-file /root/release-token`);
      await device.sh('rm /root/release-token');
      await asked('private');
      began = await device.cursor();
      return async () => {
        await stage.end();
        removeDir(work);
      };
    });

    it('says without a token that a private repository is not there, and needs none for a public one', async () => {
      await source('gitea', repository);
      expect(await fail(CHECK)).toMatch(
        /or it is private \(HTTP 404\) \[NOT_FOUND\]\n.*a private repository needs a token in \/etc\/pikit\/source-token/,
      );
      const before = await asked('public');
      expect(before.requests.map(({ authorization }) => authorization)).toEqual([null, null]);
      expect(await succeed(CHECK)).toEqual(['1.0.0 is available (nothing is installed)']);
      const { requests, storageRequests } = await asked('private');
      expect([...requests, ...storageRequests].map(({ authorization }) => authorization)).toEqual(Array.from({ length: 5 }, () => null));
    });

    it('hands the token to check and fetch, which send it to the repository and nowhere else', async () => {
      await forget();
      await device.writeFile(TOKEN, `${READER}\n`, { mode: '0600' });
      expect((await device.exec(['cat', TOKEN], { user: 'pikit-update' })).exitCode).not.toBe(0);
      expect(await succeed(CHECK)).toEqual(['1.0.0 is available (nothing is installed)']);
      await succeed(FETCH);
      const { requests, storageRequests } = await asked('private');
      expect(requests.filter(({ url }) => url.endsWith('.tar.gz'))).toHaveLength(1);
      expect([...new Set(requests.map(({ authorization }) => authorization))]).toEqual([`token ${READER}`]);
      expect([...new Set(storageRequests.map(({ authorization }) => authorization))]).toEqual([null]);
      expect(storageRequests.length).toBeGreaterThanOrEqual(3);
      await succeed(APPLY);
      await device.expectExactly(release);
    });

    it('keeps the token out of every file, and out of the journal', async () => {
      const found = await device.sh(`grep -rlF ${READER} /etc /var /run /tmp || true`);
      expect(found).toBe(`${TOKEN}\n`);
      expect((await device.journal(['--after-cursor', began])).filter((entry) => JSON.stringify(entry).includes(READER))).toEqual([]);
    });

    it('refuses a token that is none or is revoked, and does not show it', async () => {
      await device.writeFile(TOKEN, `${READER}\nX-Other: header\n`, { mode: '0600' });
      expect(await fail(CHECK)).toContain("'/etc/pikit/source-token' does not hold a token [CONFIG_INVALID]");
      await device.writeFile(TOKEN, 'token-that-was-revoked\n', { mode: '0600' });
      expect(await fail(CHECK)).toContain('does not accept the token of this device');
      await device.sh(`rm ${TOKEN}`);
      expect(await fail(CHECK)).toContain('or it is private');
    });

    it('takes the same bytes from a stick, and says so when it is gone', async () => {
      await forget();
      await device.sh(
        `mkdir -p ${STICK} && mount -t tmpfs -o mode=0755 stick ${STICK} && pikit-release publish --site /root/site --to ${STICK}/pikit`,
      );
      await source('static', `file://${STICK}/pikit`);
      expect(await succeed(CHECK)).toEqual(['up to date: 1.0.0 is installed']);
      await succeed(ROLLBACK);
      await forget();
      expect(await succeed(CHECK)).toEqual(['1.0.0 is available (nothing is installed)']);
      await succeed(APPLY);
      await device.expectExactly(release);
      await device.sh(`umount ${STICK}`);
      expect(await fail(CHECK)).toContain('is the stick plugged in and mounted?');
      await device.expectExactly(release);
    });

    it('trusts the authorities of the system, and the one that the configuration names', async () => {
      const { file, issue } = authority(work);
      const { key, cert } = issue('IP:127.0.0.1');
      await device.writeFile('/etc/nginx/home.key', key, { mode: '0600' });
      await device.writeFile('/etc/nginx/home.crt', cert);
      await device.writeFile('/etc/nginx/sites-enabled/home', HOME);
      await device.sh('nginx -t -q && nginx -s reload');
      await forget();
      await source('static', 'https://127.0.0.1:8443');
      expect(await fail(CHECK)).toContain('[TLS_FAILED]');
      await device.writeFile('/etc/pikit/home.pem', fs.readFileSync(file));
      await source('static', 'https://127.0.0.1:8443', 'ca = "/etc/pikit/home.pem"\n');
      expect(await succeed(CHECK)).toEqual(['up to date: 1.0.0 is installed']);
      await source('static', 'https://127.0.0.1:8443');
      expect(await fail(CHECK)).toContain('[TLS_FAILED]');
      await device.sh('mv /etc/pikit/home.pem /usr/local/share/ca-certificates/home.crt && update-ca-certificates');
      expect(await succeed(CHECK)).toEqual(['up to date: 1.0.0 is installed']);
      await device.sh('rm /usr/local/share/ca-certificates/home.crt && update-ca-certificates --fresh');
      expect(await fail(CHECK)).toContain('[TLS_FAILED]');
    });

    it('goes through the proxy that the configuration names, and tells when it is not there', async () => {
      const proxy = await serve('proxy', PROXY, 'proxy');
      await succeed(ROLLBACK);
      await forget();
      // A name that only the proxy can reach.
      await source('static', 'http://releases.example', `proxy = "${proxy}"\n`);
      expect(await succeed(CHECK)).toEqual(['1.0.0 is available (nothing is installed)']);
      await succeed(APPLY);
      await device.expectExactly(release);
      await device.sh('systemctl stop proxy');
      expect(await fail(CHECK)).toContain('[PROXY_UNREACHABLE]');
      await source('static', 'http://127.0.0.1:8099', `proxy = "${proxy}"\nno_proxy = ["127.0.0.1"]\n`);
      expect(await succeed(CHECK)).toEqual(['up to date: 1.0.0 is installed']);
    });

    it.each([
      // A time alone is no condition to ask with: it may stay the same while the content changes.
      ['last-modified-only', '8096', { same: 200, resumed: 206 }],
      ['etag-only', '8097', { same: 304, resumed: 206 }],
      ['neither-nor-range', '8098', { same: 200, resumed: 200 }],
      ['nginx-as-it-is', '8099', { same: 304, resumed: 206 }],
      ['as-the-docs-have-it', '8100/pikit', { same: 304, resumed: 206 }],
    ])('asks nginx no more than it has to: %s', async (_name, place, { same, resumed }) => {
      await succeed(ROLLBACK);
      await forget();
      await source('static', `http://127.0.0.1:${place}`);
      await device.settings({ branch: 'beta' });
      const answers = async (): Promise<string[]> => {
        const log = await device.sh('cat /var/log/nginx/stores.log; : >/var/log/nginx/stores.log');
        return [...log.matchAll(/"GET (?:\/pikit)?(\S+) HTTP\/1\.1" (\d+)/g)].map(([, path = '', status = '']) => `${path} ${status}`);
      };
      await answers();
      expect(await fail(CHECK)).toContain('manifest_beta.json');
      expect(await answers()).toEqual(['/branches.json?branch=beta 200', '/manifest_beta.json 404']);
      await device.settings({ branch: 'stable' });
      await succeed(CHECK);
      await succeed(CHECK);
      // By hand without conditions, and the timer with one.
      expect((await answers()).slice(-2)).toEqual(['/branches.json 200', '/manifest.json 200']);
      await nightly();
      expect(await answers()).toEqual([`/branches.json ${String(same)}`, `/manifest.json ${String(same)}`]);

      // As a download that was cut in its middle leaves it.
      const dir = '/var/cache/pikit-update/1.0.0';
      const bundle = '/srv/releases/bundles/pikit-1.0.0.tar.gz';
      const facts = { url: `http://127.0.0.1:${place}/bundles/pikit-1.0.0.tar.gz`, validator: null };
      await device.sh(`rm -f ${dir}/*; install -d -o pikit-update -g pikit-update ${dir}; head -c 50000 ${bundle} >${dir}/bundle.tar.gz.partial
        echo '${JSON.stringify(facts).slice(0, -1)},"sha256":"'"$(sha256sum ${bundle} | cut -c1-64)"'"}' >${dir}/bundle.tar.gz.partial.json
        chown pikit-update: ${dir}/*`);
      await succeed(FETCH);
      expect(await answers()).toContain(`/bundles/pikit-1.0.0.tar.gz ${String(resumed)}`);
      await succeed(APPLY);
      await device.expectExactly(release);
    });

    it('wrote no line that is not on the list, and systemd none about a credential', async () => {
      expect(unexpectedLines(await device.linesSince(began), MORE_LINES)).toEqual([]);
      const entries = await device.journal(['--after-cursor', began]);
      const messages = entries.map(({ MESSAGE = '' }) => MESSAGE).filter((message) => /credential/i.test(message));
      // systemd 252 says this of each of them.
      const unmounted = /^run-credentials-pikit\\x2dupdate\\x2d(?:check|fetch)\.service\.mount: Deactivated successfully\.$/;
      expect(messages.filter((message) => !unmounted.test(message))).toEqual([]);
    });

    it('goes with its token when the package is purged, and leaves the dashboard', async () => {
      await device.writeFile(TOKEN, `${READER}\n`, { mode: '0600' });
      await device.sh('DEBIAN_FRONTEND=noninteractive dpkg --purge pikit-update');
      expect(await device.sh('ls /etc/pikit')).toBe('version\n');
      expect(await device.sh('ls -d /var/lib/pikit* /var/cache/pikit* 2>/dev/null || true')).toBe('');
      expect(await device.sh('curl -sf http://127.0.0.1/api/version')).toBe('{"version": "1.0.0"}');
    });
  });
}
