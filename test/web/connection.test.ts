/** What the widget says while the API does not answer, or something else does; and that it finds back by itself. */
import { expect, it } from 'vitest';
import { en } from '../../web/strings/en.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import { always, never } from '../helpers/web-front.ts';
import { webMock } from '../helpers/web-mock.ts';
import { inPage, says } from '../helpers/widget-page.ts';
import type { Widget } from './widget.ts';
import { widget } from './widget.ts';

const API = /\/api\/update\/(?!page|pikit-updates)/;

describeInBrowser('the connection', (web) => {
  it('is lost in the middle of an update and found again: it says that it reconnects, and then the truth', async () => {
    const { page, chip, dialog, open, button, mock, expectComplaints } = await widget(web, { state: 'available', timers: true });
    expectComplaints(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED/);
    await open();
    await button('Download and install').click();
    await says(chip, /^Downloading/);
    const last = /Downloading \d+%/.exec(await chip.innerText())?.[0] ?? 'none';
    await mock.stop();
    await says(chip, /Reconnecting…/);
    await dialog.getByText('Reconnecting…').first().waitFor();
    // What was so is still shown, and not as if it were so.
    expect(await chip.innerText()).toContain(last);
    // As it is shown, so it is read.
    expect(await chip.getAttribute('aria-label')).toMatch(/^Updates: .*, Reconnecting…$/);
    await says(chip, /Reconnecting…$/);
    mock.clock.pass(600_000);
    await mock.start();
    await page.clock.fastForward(60_000);
    await says(chip, /^Up to date/);
    expect(await chip.innerText()).not.toContain('Reconnecting');
    await dialog.getByText(en.replaced('1.5.0')).waitFor();
  });

  it('survives a reload of the page in the middle of an update', async () => {
    const { page, chip, dialog, open, button, mock } = await widget(web, { state: 'available' });
    await open();
    await button('Download and install').click();
    mock.clock.pass(3000);
    await says(chip, /^Downloading [1-9]/);
    const before = /Downloading \d+%/.exec(await chip.innerText())?.[0] ?? 'none';
    await page.reload();
    await says(chip, new RegExp(`^${before}`));
    await open();
    await dialog.getByRole('progressbar').waitFor();
  });

  it.each([
    [
      'a login that has ended',
      always(401, 'application/json', '{"error":{"code":"UNAUTHORIZED","message":"this address requires the API token","hint":null}}', API),
      'No access',
      en.gone.NOT_ALLOWED.todo,
    ],
    ['the login page of a proxy', always(401, 'text/html', '<h1>Log in</h1>', API), 'No access', en.gone.NOT_ALLOWED.todo],
    ['no access', always(403, 'text/html', '<h1>Forbidden</h1>', API), 'No access', en.gone.NOT_ALLOWED.todo],
    ['a proxy whose server is gone', always(502, 'text/html', '<h1>Bad Gateway</h1>', API), 'Updater unreachable', en.gone.NOT_AN_ANSWER.what],
    ['a page that answers everything', always(200, 'text/html', '<script>alert(1)</script>', API), 'Updater unreachable', en.gone.NOT_AN_ANSWER.what],
    ['an answer of something else', always(200, 'application/json', '{"hello":"world"}', API), 'Updater unreachable', en.gone.NOT_AN_ANSWER.what],
  ])('says what it is for %s, offers to try again, and works again after it', async (_what, answering, text, words) => {
    const mock = await webMock('available');
    mock.answerWith(answering);
    const { chip, dialog, open, button, expectComplaints } = await widget(web, { mock });
    expectComplaints(/status of (401|403|502)|MIME type|pikit-updates:/);
    await says(chip, new RegExp(`^${text}`));
    await open();
    await dialog.getByText(words).first().waitFor();
    expect(await dialog.getByRole('button', { name: 'Check now' }).count()).toBe(0);
    mock.answerWith(null);
    await button('Try again').click();
    await says(chip, /^Update available \(1\.5\.0\)/);
    await button('Download and install').waitFor();
  });

  it('says that the device is gone, and finds it again by itself', async () => {
    const mock = await webMock('available');
    mock.answerWith((incoming) => {
      if (!API.test(incoming.url ?? '')) return false;
      incoming.socket.destroy();
      return true;
    });
    const { page, chip, expectComplaints } = await widget(web, { mock, timers: true });
    expectComplaints(/ERR_EMPTY_RESPONSE|ERR_CONNECTION/);
    await says(chip, /^(Updater unreachable|Connecting…)/);
    await says(chip, /^Updater unreachable/);
    mock.answerWith(null);
    await page.clock.fastForward(60_000);
    await says(chip, /^Update available/);
  });

  it('says after eight seconds that it is slow, and nothing spins for ever', async () => {
    const mock = await webMock('available');
    mock.answerWith(never(API));
    const { page, chip, dialog, open } = await widget(web, { mock, timers: true });
    await says(chip, /^Connecting…/);
    await page.clock.fastForward(7000);
    await says(chip, /^Connecting…/);
    await page.clock.fastForward(1500);
    await says(chip, /^Slow to respond/);
    await open();
    await dialog.getByText(en.gone.SLOW.what).waitFor();
    mock.answerWith(null);
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await says(chip, /^Update available/);
  });

  it.each<[name: string, state: string, path: string, deadlineMs: number, before?: (tab: Widget) => Promise<void>]>([
    [en.button.download, 'available', 'apply', 20_000],
    [en.button.check, 'available', 'check', 20_000],
    [en.button.skip, 'available', 'skip', 20_000],
    [en.button.cancel, 'downloading', 'cancel', 240_000],
    [en.button.dismiss, 'branch-removed', 'notices/dismiss', 20_000],
    [en.yes.rollback, 'up-to-date', 'rollback', 20_000, ({ button }) => button(en.button.goBack('1.3.2')).click()],
    [en.button.save, 'up-to-date', 'auto', 20_000, ({ heading }) => heading(en.heading.auto).click()],
    [
      en.button.use,
      'up-to-date',
      'branch',
      240_000,
      async ({ heading, dialog }) => {
        await heading(en.heading.branch).click();
        await dialog.getByRole('radio', { name: /Beta/ }).check();
      },
    ],
  ])('has a deadline for %s: what failed is said beside it, and can be tried again', async (name, state, path, deadlineMs, before) => {
    const tab = await widget(web, { state, timers: true });
    const { page, dialog, open, button, mock } = tab;
    const asked = (): string[] => mock.requests.filter((request) => request === `POST ${path}`);
    await open();
    await before?.(tab);
    mock.answerWith((incoming) => incoming.method === 'POST');
    await button(name).click();
    await expect.poll(asked).toHaveLength(1);
    // Once it is asked, the button of a question is gone.
    const busy = dialog.locator('button[aria-disabled=true]');
    await busy.click({ force: true });
    // The page's clock runs beside it, by as much as this machine is slow.
    await page.clock.fastForward(deadlineMs / 2);
    expect(await busy.count()).toBe(1);
    await page.clock.fastForward(deadlineMs);
    const failed = dialog.getByRole('alert');
    await failed.getByText(en.gone.SLOW.what).waitFor();
    await failed.getByText(en.gone.SLOW.todo).waitFor();
    expect(asked()).toHaveLength(1);
    mock.answerWith(null);
    await failed.getByRole('button', { name: en.button.retry }).click();
    await failed.waitFor({ state: 'detached' });
    await expect.poll(asked).toHaveLength(2);
  });

  it('is lost while something is fetched: what was there stays, with what was typed, and what was not says so', async () => {
    const { dialog, open, heading, mock, chip, expectComplaints } = await widget(web, { state: 'up-to-date' });
    expectComplaints(/ERR_EMPTY_RESPONSE/);
    await open();
    await heading(en.heading.branch).click();
    const other = dialog.getByRole('textbox', { name: en.label.other });
    await other.fill('issue_4');
    mock.answerWith((incoming) => {
      if (!/\/(branches|history)$/.test(incoming.url ?? '')) return false;
      incoming.socket.destroy();
      return true;
    });
    await mock.show('available');
    await says(chip, /^Update available/);
    await heading(en.heading.history).click();
    const failed = dialog.getByRole('alert');
    await failed.getByText(en.gone.API_GONE.what).waitFor();
    await expect.poll(() => mock.requests.filter((request) => request === 'GET branches').length).toBeGreaterThan(1);
    expect(await failed.count()).toBe(1);
    expect(await other.inputValue()).toBe('issue_4');
    mock.answerWith(null);
    await failed.getByRole('button', { name: en.button.retry }).click();
    await dialog.getByText(en.history.empty).waitFor();
    expect(await other.inputValue()).toBe('issue_4');
  });

  it('brings an error without a hint: that is said, and there is no hint', async () => {
    const mock = await webMock('available');
    mock.answerWith(always(500, 'application/json', '{"error":{"code":"INTERNAL","message":"it is out of order"}}', API));
    const { chip, dialog, open, expectComplaints } = await widget(web, { mock });
    expectComplaints(/status of 500|MIME type/);
    await says(chip, new RegExp(`^${en.chip.problem}`));
    await open();
    await dialog.getByText('it is out of order').first().waitFor();
  });

  it('is closed while the page is hidden, and opened again when it is shown', async () => {
    const { page, chip, mock } = await widget(web, { state: 'up-to-date' });
    await says(chip, /^Up to date/);
    await expect.poll(mock.streams).toBe(1);
    const show = async (state: string): Promise<void> => {
      await page.evaluate((value) => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value === 'hidden' });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    };
    await show('hidden');
    await expect.poll(mock.streams).toBe(0);
    await mock.show('available');
    await show('visible');
    await says(chip, /^Update available/);
    await expect.poll(mock.streams).toBe(1);
  });

  it('is one for each tab, and none is left when the page is gone', async () => {
    const mock = await webMock('up-to-date');
    const first = await widget(web, { mock });
    const second = inPage(await web.tabBeside(first));
    await second.page.goto(`${mock.url}/api/update/page`);
    await says(second.chip, /^Up to date/);
    await expect.poll(mock.streams).toBe(2);
    await first.page.goto('about:blank');
    await expect.poll(mock.streams).toBe(1);
    await second.page.evaluate(() => {
      document.querySelector('pikit-updates')?.remove();
    });
    await expect.poll(mock.streams).toBe(0);
  });

  it('of a page that was written for an older release says that there is a newer one to load', async () => {
    const { dialog, open, mock, button } = await widget(web, { state: 'up-to-date' });
    await open();
    await mock.show('updated');
    await dialog.getByText(en.replaced('1.5.0')).waitFor();
    await button('Reload').waitFor();
  });

  it('of a page that moves it about, or makes it anew: there is still a newer page to load', async () => {
    const { page, chip, dialog, open, mock, button } = await widget(web, { state: 'up-to-date' });
    await says(chip, /^Up to date/);
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.remove();
    });
    await expect.poll(mock.streams).toBe(0);
    await mock.show('updated');
    await page.evaluate(() => {
      document.body.append(document.createElement('pikit-updates'));
    });
    await open();
    await button('Reload').waitFor();
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.setAttribute('query', 'state=available');
    });
    await says(chip, /^Update available/);
    await dialog.getByText(en.replaced('1.5.0')).waitFor({ state: 'detached' });
  });

  it('tells the page around it what the chip says', async () => {
    const { page, chip, mock } = await widget(web, { state: 'up-to-date' });
    await says(chip, /^Up to date/);
    await page.evaluate(() => {
      document.addEventListener('pikit-updates-changed', (event) => {
        document.title = event instanceof CustomEvent ? JSON.stringify(event.detail) : '';
      });
    });
    await mock.show('broken');
    await expect.poll(() => page.title()).toMatch(/"kind":"broken"/);
  });
});
