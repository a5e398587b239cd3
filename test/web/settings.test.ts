/** Branches, what happens by itself, notices, logs and history: what else the dialog has. */
import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { en } from '../../web/strings/en.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import { webMock } from '../helpers/web-mock.ts';
import { says } from '../helpers/widget-page.ts';
import { widget } from './widget.ts';

/** Presses the button that copies the log until it says how that ended: lines that come after the press take the word back. */
const copy = (dialog: Locator, said = en.button.copied) => {
  const any = dialog.getByRole('button', { name: new RegExp(`^(${en.button.copy}|${en.button.copied}|${en.button.notCopied})$`) });
  return expect
    .poll(async () => {
      if ((await any.textContent())?.trim() === said) return true;
      await any.click();
      return false;
    })
    .toBe(true);
};

describeInBrowser('the dialog', (web) => {
  it('follows another branch, and names those that cannot be chosen', async () => {
    const { dialog, open, button, mock, chip } = await widget(web, { state: 'up-to-date' });
    await open();
    await dialog.getByRole('heading', { name: 'Branch', exact: true }).click();
    const beta = dialog.getByRole('radio', { name: /Beta/ });
    await beta.waitFor();
    expect(await dialog.getByRole('radio', { name: /^stable/ }).isChecked()).toBe(true);
    const nightly = dialog.getByRole('radio', { name: /Nightly 🌙 \(disabled, using stable\)/ });
    expect(await nightly.isDisabled()).toBe(true);
    await dialog.getByText('two weeks earlier than stable').waitFor();
    // A hidden one is not shown to those who do not know its name.
    expect(await dialog.getByText('לבדיקה').count()).toBe(0);
    await beta.check();
    await button('Switch').click();
    await says(chip, /^Checking…/);
    await expect.poll(() => mock.status()).toMatchObject({ following: { selected: 'beta', used: 'beta' } });
  });

  it('follows a hidden branch by its name, and says what is wrong with another', async () => {
    const { dialog, open, button, mock, expectComplaints } = await widget(web, { state: 'up-to-date' });
    await open();
    await dialog.getByRole('heading', { name: 'Branch', exact: true }).click();
    const other = dialog.getByRole('textbox', { name: 'Other branch' });
    // What cannot be a name is not sent: the browser says what one is.
    await dialog.getByText(en.branch.invalid).waitFor();
    await other.fill('not a name');
    await button('Switch').click();
    expect(await other.evaluate((field) => field.matches(':invalid:focus'))).toBe(true);
    expect(mock.requests.filter((request) => request.startsWith('POST'))).toEqual([]);
    await other.fill('issue_41');
    expectComplaints(/404/);
    await button('Switch').click();
    await dialog.getByText(/there is no branch 'issue_41'/).waitFor();
    await dialog.getByText(/available branches: stable, beta/).waitFor();
    await other.fill('issue_412');
    await other.press('Enter');
    await expect.poll(() => mock.status()).toMatchObject({ following: { selected: 'issue_412', used: 'issue_412' } });
    mock.clock.pass(10_000);
    await dialog.getByRole('radio', { name: /לבדיקה/ }).waitFor();
    await dialog.getByRole('radio', { name: /^stable/ }).check();
    expect(await other.inputValue()).toBe('');
    await button('Switch').click();
    await expect.poll(() => mock.status()).toMatchObject({ following: { selected: 'stable', used: 'stable' } });
  });

  it('says that the chosen branch is disabled, and that stable is used', async () => {
    const { dialog, open } = await widget(web, { state: 'branch-disabled' });
    await open();
    expect(await dialog.getByText('beta (disabled, using stable)').count()).toBeGreaterThan(0);
  });

  it.each([
    ['branch-disabled', /^Beta \(disabled, using stable\)/],
    ['branch-not-listed', /^beta/],
  ])('looks again at the branch that is chosen already, after another was ticked: %s', async (state, name) => {
    const { dialog, open, button, chip, mock, heading } = await widget(web, { state });
    await open();
    await heading(en.heading.branch).click();
    const chosen = dialog.getByRole('radio', { name });
    await chosen.waitFor();
    expect(await chosen.isChecked()).toBe(true);
    await dialog.getByRole('radio', { name: /^stable/ }).check();
    await chosen.check();
    await button('Switch').click();
    await says(chip, /^Checking…/);
    await expect.poll(() => mock.requests.filter((request) => request.startsWith('POST'))).toEqual(['POST check']);
    expect(await mock.status()).toMatchObject({ following: { selected: 'beta' } });
  });

  it('says that a branch was removed until that is dismissed', async () => {
    const { dialog, open, button, mock } = await widget(web, { state: 'branch-removed' });
    await open();
    const notice = dialog.getByText(/was removed/);
    await notice.waitFor();
    await button('Dismiss').click();
    await notice.waitFor({ state: 'detached' });
    expect(await mock.status()).toMatchObject({ notices: [] });
  });

  it('sets what happens by itself, and when', async () => {
    const { dialog, open, button, mock } = await widget(web, { state: 'up-to-date' });
    await open();
    await dialog.getByRole('heading', { name: 'Automatic updates' }).click();
    await dialog.getByRole('combobox', { name: en.label.auto }).selectOption({ label: en.auto.install });
    await dialog.getByLabel('Time of day').fill('02:30');
    await button('Save').click();
    await expect.poll(() => mock.status()).toMatchObject({ settings: { auto: 'install', time: '02:30' } });
    await dialog.getByText(`${en.auto.install}, 02:30`).waitFor();
    await dialog.getByText(en.label.next).waitFor();
  });

  it('shows the log as it is written, filters it, copies it, and says which lines are errors', async () => {
    const { page, dialog, open, button, mock } = await widget(web, { state: 'rolled-back', permissions: ['clipboard-read', 'clipboard-write'] });
    await open();
    await button('View logs').first().click();
    const log = dialog.getByRole('log');
    await log.waitFor();
    const lines = async (): Promise<string[]> => (await log.locator('p').allInnerTexts()).map((line) => line.replace(/\s+/g, ' '));
    await expect.poll(async () => (await lines()).length).toBeGreaterThan(3);
    const before = (await lines()).length;
    await button('Check now').click();
    mock.clock.pass(10_000);
    await expect.poll(async () => (await lines()).length).toBeGreaterThan(before);
    await dialog.getByRole('searchbox', { name: 'Filter' }).fill('is available');
    await expect.poll(async () => (await lines()).every((line) => line.includes('is available'))).toBe(true);
    const found = await lines();
    expect(found.length).toBeGreaterThan(0);
    await copy(dialog);
    const copied: string = await page.evaluate(() => navigator.clipboard.readText());
    // The log goes on meanwhile.
    expect([found.length, (await lines()).length]).toContain(copied.trim().split('\n').length);
    expect(copied).toMatch(/^\S*\d\d:\d\d:\d\d.*is available/);
    await dialog.getByRole('searchbox', { name: 'Filter' }).fill('');
    await dialog.getByRole('checkbox', { name: 'Errors only' }).check();
    await expect.poll(async () => (await lines()).every((line) => line.includes(en.logs.error) || line === en.logs.empty)).toBe(true);
  });

  it('says that it copied, or could not, only of the lines that are shown', async () => {
    const { page, dialog, open, button, mock } = await widget(web, { state: 'rolled-back', permissions: ['clipboard-read', 'clipboard-write'] });
    await open();
    await button(en.button.logs).click();
    await dialog.getByRole('log').locator('p').nth(3).waitFor();
    await copy(dialog);
    // New lines,
    await button(en.button.check).click();
    mock.clock.pass(10_000);
    await button(en.button.copy).waitFor();
    await copy(dialog);
    // another choice of them,
    await dialog.getByRole('checkbox', { name: en.label.errorsOnly }).check();
    await button(en.button.copy).waitFor();
    await copy(dialog);
    // and the next time.
    await page.keyboard.press('Escape');
    await open();
    await button(en.button.copy).waitFor();
    await page.evaluate(() => {
      Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined });
      Object.defineProperty(document, 'execCommand', { value: () => false });
    });
    await copy(dialog, en.button.notCopied);
  });

  it('copies where there is no clipboard, as on plain http', async () => {
    const script = "Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined });";
    const { page, dialog, open, button } = await widget(web, { state: 'rolled-back', script });
    await open();
    await button('View logs').first().click();
    await dialog.getByRole('log').waitFor();
    await page.evaluate(() => {
      document.addEventListener('copy', (event) => {
        const field = event.composedPath()[0];
        document.title = field instanceof HTMLTextAreaElement ? field.value.slice(field.selectionStart, field.selectionEnd) : 'nothing';
      });
    });
    await copy(dialog);
    expect((await page.title()).length).toBeGreaterThan(100);
  });

  it('says with the receipt what failed, what that means now, and what to do', async () => {
    const { page, dialog, open } = await widget(web, { state: 'rolled-back' });
    await open();
    await dialog.getByText(en.meaning.back('1.4.0')).waitFor();
    const details = dialog.locator('details', { has: page.getByText(en.details, { exact: true }) });
    expect(await details.getByText('SERVICE_FAILED').isVisible()).toBe(false);
    await details.getByText(en.details, { exact: true }).click();
    await details.getByText('SERVICE_FAILED').waitFor();
    await details.getByText("'pikit-api.service'").first().waitFor();
  });

  it('shows what has changed this device, the newest first', async () => {
    const mock = await webMock('rolled-back');
    await mock.post('apply', { version: '1.5.0' });
    mock.clock.pass(60_000);
    const { dialog, open } = await widget(web, { mock });
    await open();
    await dialog.getByRole('heading', { name: 'History' }).click();
    const entries = dialog.getByRole('region', { name: 'History' }).getByRole('listitem');
    await expect.poll(() => entries.count()).toBe(2);
    expect((await entries.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/^Update: done · 1\.4\.0 → 1\.5\.0/),
      expect.stringMatching(/^Update: rolled back · 1\.4\.0 → 1\.5\.0/),
    ]);
  });
});
