/**
 * The dashboard on a device: real Chromium in the device's own network, through its nginx, with the real API, real units and
 * real releases. Each release is a page with the widget in it, so that what is updated is the page that is looked at.
 */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { Visit } from '../../helpers/browser.ts';
import { browsing, canBrowseIn } from '../../helpers/browser.ts';
import { en } from '../../../web/strings/en.ts';
import { must } from '../../helpers/bed-run.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { SLOW_URL } from '../../helpers/pikit-device.ts';
import type { Built, Ingredients, Site } from '../../helpers/release-builder.ts';
import type { WidgetPage } from '../../helpers/widget-page.ts';
import { inPage, says } from '../../helpers/widget-page.ts';
import { throughNginx } from './api.ts';

/** What the chip of a device says on which nothing is wrong, and nothing new. */
const CALM = /^(?:Up to date|Not checked yet)/;

/** What docs/dashboard.md says that the page of a dashboard has to allow, and nothing else. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types lit-html";

/** What these runs make our units say beyond what they say on a good day. */
const LINES = [/\[(?:PROBE_FAILED|CANCELLED)\]$/, /^hint: /, /^failed to reload nginx, ignoring: nginx -t failed: .*"\/run\/nginx\.pid" failed/];

/** A dashboard of this version: large enough to be watched while it is downloaded, and with the widget in its top bar. */
function dashboard(version: string): Ingredients {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Pi-Kit</title><link rel="icon" href="data:,">
<script type="module" src="/api/update/pikit-updates.js"></script></head>
<body><main><h1>Dashboard ${version}</h1><pikit-updates></pikit-updates></main></body>
</html>
`;
  return { version, web: version.startsWith('1.0') ? '5.17.14' : '5.18.2', extra: { 'pikit-web/index.html': html } };
}

/** Defines the suite for one image; each image has a test file of its own. */
export function tellOfDashboard(image: DeviceImage): void {
  const problem = canBrowseIn();
  if (problem !== null) {
    it.skip(`the dashboard on ${image} (skipped: ${problem})`, () => undefined);
    return;
  }
  describeOnDevice(image, `the dashboard on ${image}`, () => {
    let device: PikitDevice;
    let site: Site;
    let older: Built;
    let newer: Built;
    let beta: Built;
    let began = '';

    beforeAll(async () => {
      const stage = await onDevice(image);
      ({ device, site, began } = stage);
      older = await stage.install(dashboard('1.0.0'));
      newer = site.publish(dashboard('1.1.0'));
      beta = stage.buildOn(dashboard('1.2.0-beta.1'), 'beta', 'secret_1');
      writeBranches(site.dir, [
        { name: 'beta', display_name: '<img src=x onerror="document.title=1">Beta', description: '<script>document.title=2</script>' },
        { name: 'nightly', display_name: 'Nightly', enabled: false },
        { name: 'secret_1', display_name: 'Secret', visible: false },
      ]);
      await device.serve(site);
      await throughNginx(device);
      await device.writeFile(
        '/etc/nginx/snippets/dashboard-policy.conf',
        `add_header Content-Security-Policy "${POLICY}";\nadd_header Cache-Control no-cache;\n`,
      );
      await device.sh(`
        sed -i '/location \\/ {/a include snippets/dashboard-policy.conf;' /etc/nginx/sites-enabled/pikit
        nginx -t -q && systemctl restart nginx
        curl -sfI http://127.0.0.1/ | grep -q "script-src 'self'"`);
      return stage.end;
    });

    const web = browsing(async () => Number(await must('docker', ['inspect', '--format', '{{.State.Pid}}', device.id])));

    /** Back to: 1.0.0 installed, 1.1.0 published, nothing known of it, nothing running. */
    beforeEach(async () => {
      await device.letGo();
      await device.configure();
      await device.settings({});
      if ((await device.version()) !== older.version) expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.sh(
        'rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/staged /run/pikit-update/next/* /run/pikit-update/granted/*; systemctl reset-failed',
      );
      await device.forgetHeld();
      await device.expectExactly(older);
    });

    const look = async (visit?: Visit): Promise<WidgetPage> => {
      const tab = visit ?? (await web.visit());
      await tab.page.goto('http://127.0.0.1/');
      return inPage(tab);
    };
    const title = async ({ page }: WidgetPage): Promise<string> => await page.getByRole('heading', { level: 1 }).innerText();
    /** Looks for updates, and finds this version. */
    const finds = async ({ chip, button }: WidgetPage, version: string): Promise<void> => {
      await button('Check now').click();
      await says(chip, new RegExp(`^Update available \\(${version.replaceAll('.', '\\.')}\\)`), 60_000);
    };

    it('updates the very page that is looked at, from the first look to the reload, and goes back', async () => {
      const tab = await look();
      const { page, chip, dialog, open, button, heading } = tab;
      await says(chip, CALM);
      expect(await title(tab)).toBe('Dashboard 1.0.0');
      await open();
      await finds(tab, '1.1.0');
      await heading('Available').waitFor();
      await dialog.getByText('What is new in 1.1.0').waitFor();
      await heading('What will change').click();
      await dialog
        .getByText(/iB to download/)
        .first()
        .waitFor();

      // Held at its health check, so that there is time to look.
      await device.configure({ timeout: '2min' });
      await device.hold();
      await button('Download and install').click();
      await dialog.getByRole('progressbar', { name: 'Progress' }).waitFor();
      await dialog.locator('#state').getByText(en.phases['checking-health']).waitFor({ timeout: 60_000 });
      expect(Number(await dialog.getByRole('progressbar').getAttribute('value'))).toBeLessThan(100);
      // The files are those of the new release, and the page is still the old one.
      expect(await device.sh('curl -sf http://127.0.0.1/ | grep -o "Dashboard [0-9.]*"')).toBe('Dashboard 1.1.0\n');
      expect(await title(tab)).toBe('Dashboard 1.0.0');
      await device.letGo();
      await says(chip, /^Up to date/, 60_000);
      await device.expectExactly(newer);
      await dialog.getByText(en.replaced('1.1.0')).waitFor();
      await button('Reload').click();
      await page.getByRole('heading', { name: 'Dashboard 1.1.0' }).waitFor();
      await says(chip, /^Up to date/);
      await open();
      expect(await button('Reload').count()).toBe(0);
      await heading('History').click();
      await dialog.getByText('1.0.0 → 1.1.0').waitFor();

      await button('Roll back to 1.0.0').click();
      await button('Yes, roll back').click();
      await dialog.getByText(en.replaced('1.0.0')).waitFor({ timeout: 60_000 });
      await device.expectExactly(older);
      // 1.1.0 is there still: whether it is on offer, the next check says.
      await says(chip, /^Rolled back to 1\.0\.0/);
      await button('Reload').click();
      await page.getByRole('heading', { name: 'Dashboard 1.0.0' }).waitFor();
      await says(chip, /^Rolled back to 1\.0\.0/);
      await open();
      await finds(tab, '1.1.0');
      await dialog.getByText(en.offer.left).waitFor();
    });

    it('goes back by itself from a release that does not work, says why, and tries that again only when it is told to', async () => {
      const tab = await look();
      const { page, chip, dialog, open, button } = tab;
      await open();
      await finds(tab, '1.1.0');
      await device.configure({ timeout: '2s' });
      await device.hold();
      await button('Download and install').click();
      await says(chip, /^Update rolled back/, 90_000);
      await device.expectExactly(older);
      await dialog.getByText(en.meaning.back('1.0.0')).waitFor();
      const details = dialog.locator('details', { has: page.getByText(en.details, { exact: true }) });
      await details.getByText(en.details, { exact: true }).click();
      await details.getByText('PROBE_FAILED').waitFor();
      await details
        .getByText(/8091\/ready/)
        .first()
        .waitFor();

      await device.letGo();
      await device.configure();
      // There is a second one while the page has no connection, since the update restarts what serves it.
      await expect.poll(() => button('Try again').count()).toBe(1);
      await button('Try again').click();
      await dialog.getByText(en.ask.held('1.1.0')).waitFor();
      await button('Yes, install').click();
      await dialog.getByText(en.replaced('1.1.0')).waitFor({ timeout: 60_000 });
      await device.expectExactly(newer);
    });

    it('cancels a download that takes long, and goes on with it later', async () => {
      const tab = await look();
      const { chip, dialog, open, button } = tab;
      await open();
      await finds(tab, '1.1.0');
      await device.configure({ url: SLOW_URL });
      await button('Download and install').click();
      await says(chip, /^Downloading \d+%/, 60_000);
      await button('Cancel').click();
      await says(chip, /^Update available/, 60_000);
      await device.expectExactly(older);
      await device.configure();
      await button('Download and install').click();
      await dialog.getByText(en.replaced('1.1.0')).waitFor({ timeout: 60_000 });
      await device.expectExactly(newer);
    });

    it.each([
      ['the API', 'kill -9 "$(systemctl show -P MainPID pikit-update-api.service)"'],
      ['nginx', 'systemctl restart nginx.service'],
    ])('shows the same run in two tabs, also after %s was taken away in the middle of it', async (_what, command) => {
      const first = await look();
      const second = await look(await web.tabBeside(first));
      for (const tab of [first, second]) tab.expectComplaints(/ERR_|50[234]/);
      await first.open();
      await second.open();
      await finds(first, '1.1.0');
      await says(second.chip, /^Update available/);
      await device.configure({ timeout: '2min' });
      await device.hold();
      await first.button('Download and install').click();
      for (const tab of [first, second]) await tab.dialog.locator('#state').getByText(en.phases['checking-health']).waitFor({ timeout: 60_000 });
      await device.sh(command);
      for (const tab of [first, second]) await tab.dialog.locator('#state').getByText(en.phases['checking-health']).waitFor();
      await device.letGo();
      for (const { dialog } of [first, second]) await dialog.getByText(en.replaced('1.1.0')).waitFor({ timeout: 60_000 });
      await device.expectExactly(newer);
    });

    it('says that the updater is gone, and finds it again', async () => {
      const { chip, button, open, expectComplaints } = await look();
      expectComplaints(/ERR_|50[234]/);
      await says(chip, CALM);
      await open();
      await device.sh('systemctl stop pikit-update-api.socket pikit-update-api.service');
      try {
        await says(chip, /Reconnecting…|^Updater unreachable/);
        // An update that restarts what is in between takes its time as well: only after that is it called gone.
        await says(chip, /^Updater unreachable/, 150_000);
      } finally {
        await device.sh('systemctl start pikit-update-api.socket');
      }
      await button('Try again').click();
      await says(chip, CALM);
    });

    it('skips a version, sets what happens by itself, follows branches, and shows the log: on the device, not only on the page', async () => {
      const tab = await look();
      const { page, chip, dialog, open, button, heading } = tab;
      await open();
      await finds(tab, '1.1.0');
      await button(en.button.skip).click();
      await says(chip, /^1\.1\.0 is skipped/, 20_000);
      await button(en.button.unskip).click();
      await says(chip, /^Update available \(1\.1\.0\)/, 20_000);
      await heading('Automatic updates').click();
      await dialog.getByRole('combobox').selectOption('install');
      await dialog.locator('input[type=time]').fill('03:33');
      await button('Save').click();
      await expect.poll(() => device.sh('pikit-update auto'), { timeout: 120_000 }).toContain('03:33');
      expect((await device.unit('pikit-update.timer')).ActiveState).toBe('active');

      await heading('Branch').click();
      const hostile = dialog.getByRole('radio', { name: /Beta/ });
      await hostile.waitFor();
      expect(await dialog.getByText('<img src=x').count()).toBeGreaterThan(0);
      expect([await dialog.locator('img, script').count(), await page.title()]).toEqual([0, 'Pi-Kit']);
      expect(await dialog.getByRole('radio', { name: /Nightly \(disabled, using stable\)/ }).isDisabled()).toBe(true);
      expect(await dialog.getByText('Secret').count()).toBe(0);
      await hostile.check();
      await button('Switch').click();
      await says(chip, new RegExp(`^Update available \\(${beta.version}\\)`), 60_000);
      await dialog.getByRole('textbox', { name: 'Other branch' }).fill('secret_1');
      await button('Switch').click();
      await dialog.getByRole('radio', { name: /Secret/ }).waitFor({ timeout: 60_000 });
      // Until its check has ended there is no choosing another.
      await expect
        .poll(async (): Promise<unknown> => JSON.parse(await device.sh('pikit-update status --json')), { timeout: 60_000 })
        .toMatchObject({ available: { branch: 'secret_1' }, run: { state: 'ended' } });
      await dialog.getByRole('radio', { name: /^stable/ }).check();
      await button('Switch').click();
      await says(chip, /^Update available \(1\.1\.0\)/, 60_000);

      await button('View logs').click();
      const log = dialog.getByRole('log');
      await log
        .getByText(/1\.1\.0 is available/)
        .last()
        .waitFor();
      await dialog.getByRole('searchbox', { name: 'Filter' }).fill('a sentence that comes later');
      await log.getByText(en.logs.empty, { exact: true }).waitFor();
      expect(await log.locator('p').count()).toBe(1);
      await dialog.getByRole('searchbox', { name: 'Filter' }).fill('is available');
      await log
        .getByText(/1\.1\.0 is available/)
        .last()
        .waitFor();
      const shown = await log.locator('p').allInnerTexts();
      expect(shown.filter((line) => !line.includes('is available'))).toEqual([]);
      const before = shown.length;
      await button('Check now').click();
      await expect.poll(() => log.locator('p').count(), { timeout: 60_000 }).toBeGreaterThan(before);
    });

    it('wrote no line that is not on the list', async () => {
      expect(unexpectedLines(await device.linesSince(began), LINES)).toEqual([]);
    });
  });
}
