/** The main job, clicked through: look, see what it would do, install, see it done; and what is asked before what is not usual. */
import { expect, it } from 'vitest';
import { en } from '../../web/strings/en.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import { readMockStates } from '../helpers/played.ts';
import { webMock } from '../helpers/web-mock.ts';
import { inPage, says } from '../helpers/widget-page.ts';
import { focused, widget } from './widget.ts';

describeInBrowser('the widget', (web) => {
  it('takes a device from up to date over a check and a plan to the new release, and offers to reload the page', async () => {
    const { page, chip, dialog, open, button, heading, mock } = await widget(web, { state: 'up-to-date' });
    await says(chip, /^Up to date/);
    await open();
    await button('Check now').click();
    await says(chip, /^Checking…/);
    mock.clock.pass(10_000);
    await says(chip, /^Update available \(1\.5\.0\)/);
    await heading('Available').waitFor();
    await dialog.getByText('What will change').click();
    await dialog
      .getByText(/[KM]iB to download$/)
      .first()
      .waitFor();
    await dialog.getByText(/service.* will restart/).waitFor();
    await button('Download and install').click();
    await says(chip, /^Downloading \d+%/);
    const bar = dialog.getByRole('progressbar', { name: 'Progress' });
    const seen: number[] = [];
    const phases = new Set<string>();
    for (let step = 0; step < 400; step += 1) {
      const status = await mock.status();
      const run: unknown = Reflect.get(Object(status), 'run');
      if (Reflect.get(Object(run), 'state') === 'ended') break;
      const percent: unknown = Reflect.get(Object(run), 'percent');
      if (typeof percent === 'number') await expect.poll(async () => Number(await bar.getAttribute('value')), { interval: 20 }).toBe(percent);
      seen.push(Number(await bar.getAttribute('value')));
      phases.add(await dialog.locator('#state').innerText());
      mock.clock.pass(1000);
    }
    const { downloading, unpacking, verifying, preparing, installing, restarting } = en.phases;
    const order = [downloading, unpacking, verifying, preparing, installing, en.phases['post-install'], restarting, en.phases['checking-health']];
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(Math.max(...seen)).toBeLessThan(100);
    expect([...phases]).toEqual(order.filter((phase) => phases.has(phase)));
    expect(phases.size).toBeGreaterThan(3);
    await says(chip, /^Up to date/);
    await dialog.getByText(en.replaced('1.5.0')).waitFor();
    await button('Reload').click();
    await page.waitForLoadState();
    await says(chip, /^Up to date/);
    await open();
    expect(await button('Reload').count()).toBe(0);
    await button('Roll back to 1.4.0').waitFor();
  });

  it('says what follows on a release that comes first, in both languages, and installs the manifest that it has shown', async () => {
    const { page, dialog, open, button } = await widget(web, { state: 'stepping-stone' });
    await open();
    await dialog.getByText('Install 1.5.0 first, then 2.0.0.', { exact: true }).waitFor();
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.setAttribute('lang', 'de');
    });
    const inGerman = page.getByRole('dialog', { name: 'Updates', exact: true });
    await inGerman.getByText('Zuerst 1.5.0 installieren, danach 2.0.0.', { exact: true }).waitFor();
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.setAttribute('lang', 'en');
    });
    const sent = page.waitForRequest(/\/apply$/);
    await button('Download and install').click();
    const { available } = readMockStates().state('stepping-stone');
    expect((await sent).postDataJSON()).toEqual({ version: '1.5.0', manifest_sha256: available?.manifest_sha256 });
  });

  it('asks once before it goes back, and does not on a no or on Escape', async () => {
    const { chip, dialog, page, open, button, mock } = await widget(web, { state: 'up-to-date' });
    await open();
    for (const no of [() => button('No').click(), () => page.keyboard.press('Escape')]) {
      await button('Roll back to 1.3.2').click();
      await dialog.getByText(en.ask.goBack('1.3.2')).waitFor();
      await no();
      await button('Yes, roll back').waitFor({ state: 'detached' });
      expect(await dialog.isVisible()).toBe(true);
    }
    expect(mock.requests.filter((request) => request.startsWith('POST'))).toEqual([]);
    await button('Roll back to 1.3.2').click();
    await button('Yes, roll back').click();
    await says(chip, /^Rolling back…/);
    mock.clock.pass(60_000);
    await dialog.getByText(en.replaced('1.3.2')).waitFor();
    // Whether it is up to date now, the next check says.
    await says(chip, /^Rolled back to 1\.3\.2/);
    await button('Check now').click();
    await says(chip, /^Checking…/);
    mock.clock.pass(60_000);
    await says(chip, /^Update available/);
    expect(mock.requests.filter((request) => request.startsWith('POST'))).toEqual(['POST rollback', 'POST check']);
  });

  it('tries a held version again only when that is confirmed', async () => {
    const { chip, dialog, open, button, mock } = await widget(web, { state: 'held' });
    await open();
    await button('Try again').click();
    await dialog.getByText(en.ask.held('1.5.0')).waitFor();
    expect(mock.requests.filter((request) => request.startsWith('POST'))).toEqual([]);
    await button('Yes, install').click();
    await says(chip, /^Downloading/);
  });

  it('asks clearly before it installs something older', async () => {
    const { chip, dialog, open, button } = await widget(web, { state: 'downgrade' });
    await open();
    await button('Download and install').click();
    await dialog.getByText(en.ask.downgrade('1.5.0', '1.6.0-beta.2')).waitFor();
    await button('Yes, install').click();
    await says(chip, /^Downloading/);
  });

  it('passes a version over, and takes that back: it says so, aloud as well, and the focus stays', async () => {
    const { page, chip, dialog, open, button, mock } = await widget(web, { state: 'available' });
    await open();
    const said = dialog.getByRole('status');
    await button(en.button.skip).click();
    await says(chip, /^1\.5\.0 is skipped/);
    await dialog.getByText(en.offer.skipped).waitFor();
    await says(said, en.chip.skipped('1.5.0'));
    expect(await mock.status()).toMatchObject({ settings: { skipped_version: '1.5.0' } });
    expect(await focused(page)).toBe(`button ${en.button.unskip}`);
    await button(en.button.unskip).click();
    await says(chip, /^Update available \(1\.5\.0\)/);
    await says(said, en.chip.available('1.5.0'));
    expect(await mock.status()).toMatchObject({ settings: { skipped_version: null } });
    expect(await focused(page)).toBe(`button ${en.button.skip}`);
  });

  it('cancels a download, and says so until it has ended', async () => {
    const { chip, dialog, open, button, mock } = await widget(web, { state: 'available' });
    await open();
    await button('Download and install').click();
    await says(chip, /^Downloading/);
    // The answer is held back, as it is while an installation is taken back.
    const held: (() => void)[] = [];
    mock.answerWith((incoming) => {
      if (incoming.url !== '/api/update/cancel') return false;
      held.push(() => void mock.post('cancel', {}));
      return true;
    });
    await button('Cancel').click();
    await button('Cancelling…').waitFor();
    await expect.poll(() => held.length).toBe(1);
    held[0]?.();
    await says(chip, /^Update available/);
    await button('Download and install').waitFor();
    expect(await dialog.getByRole('button', { name: 'Cancel', exact: true }).count()).toBe(0);
  });

  it('offers no cancel once it is too late for one', async () => {
    const { dialog, open, button, mock } = await widget(web, { state: 'downloading' });
    await open();
    await button('Cancel').waitFor();
    await mock.show('rolling-back');
    await dialog.getByText('Previous version').waitFor();
    await button('Cancel').waitFor({ state: 'detached' });
  });

  it('shows in two tabs what was started in one', async () => {
    const mock = await webMock('available');
    const first = await widget(web, { mock });
    const second = inPage(await web.tabBeside(first));
    await second.page.goto(`${mock.url}/api/update/page`);
    await second.open();
    await first.open();
    await first.button('Download and install').click();
    for (const { chip } of [first, second]) await says(chip, /^Downloading/);
    await second.button('Cancel').click();
    for (const { chip } of [first, second]) await says(chip, /^Update available/);
    // Both click at once: one run, and no failure in either.
    await Promise.all(
      [first, second].map((tab) =>
        tab.button('Download and install').evaluate((element) => {
          if (element instanceof HTMLElement) element.click();
        }),
      ),
    );
    for (const { chip } of [first, second]) await says(chip, /^Downloading/);
    for (const { dialog } of [first, second]) expect(await dialog.getByText(/failed|is running/).count()).toBe(0);
    // The one that was too late was answered 409, which a browser logs.
    first.expectComplaints(/409/);
    second.expectComplaints(/409/);
  });
});
