/** Without a mouse: everything can be reached and used, the focus is always somewhere, and comes back to where it was. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../helpers/browser.ts';
import { says } from '../helpers/widget-page.ts';
import { focused, widget } from './widget.ts';

/** Presses Tab until this has the focus; what had it on the way is in the error. */
async function tabTo(page: Page, name: string | RegExp, key = 'Tab'): Promise<void> {
  const way: string[] = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press(key);
    const now = await focused(page);
    if (typeof name === 'string' ? now === name : name.test(now)) return;
    way.push(now);
  }
  throw new Error(`${String(name)} is not reached: ${way.join(' → ')}`);
}

describeInBrowser('with a keyboard', (web) => {
  it('one opens the dialog, checks, installs, and closes it; the focus comes back to the chip', async () => {
    const { page, chip, dialog, mock } = await widget(web, { state: 'up-to-date' });
    await says(chip, /^Up to date/);
    await tabTo(page, /^button Updates: Up to date/);
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('PIKIT-UPDATES');
    expect(await focused(page)).not.toMatch(/^button Updates:/);
    await tabTo(page, 'button Check now');
    await page.keyboard.press('Space');
    await says(chip, /^Checking…/);
    mock.clock.pass(10_000);
    await says(chip, /^Update available/);
    await tabTo(page, 'button Download and install');
    await page.keyboard.press('Enter');
    await says(chip, /^Downloading/);
    // The button is gone; the focus is not.
    expect(await focused(page)).not.toMatch(/^(body|nothing)/);
    await tabTo(page, 'button Cancel');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focused(page)).toMatch(/^button Updates: Downloading/);
    // Escape closes the dialog, and nothing else.
    expect(await mock.status()).toMatchObject({ run: { state: 'running' } });
  });

  it('one stays in the dialog as long as it is open, both ways round', async () => {
    const { page, chip, open } = await widget(web, { state: 'available' });
    await says(chip, /^Update available/);
    await open();
    for (const key of ['Tab', 'Shift+Tab']) {
      const seen: string[] = [];
      for (let step = 0; step < 40; step += 1) {
        await page.keyboard.press(key);
        seen.push(await focused(page));
      }
      // Between the last and the first, the browser's own controls have the focus for one step.
      expect(seen.filter((name) => /^button Updates:|^a /.test(name) && !/Changelog|https/.test(name))).toEqual([]);
      expect(seen).toContain('button Close');
      expect(seen).toContain('button Download and install');
    }
  });

  it('one answers a question with the focus in it, and is back at what asked', async () => {
    const { page, open, button } = await widget(web, { state: 'up-to-date' });
    await open();
    await tabTo(page, 'button Roll back to 1.3.2');
    await page.keyboard.press('Enter');
    await button('Yes, roll back').waitFor();
    expect(await focused(page)).toMatch(/^button (No|Yes, roll back)$/);
    await page.keyboard.press('Escape');
    await button('Yes, roll back').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('button Roll back to 1.3.2');
  });

  it('one keeps the place while the device goes through all that it does', async () => {
    const { page, chip, open, button, mock } = await widget(web, { state: 'available' });
    await open();
    await button('Download and install').click();
    await tabTo(page, 'button View logs');
    for (let step = 0; step < 30; step += 1) {
      mock.clock.pass(2000);
      expect(await focused(page), String(step)).toBe('button View logs');
    }
    await says(chip, /^Up to date/);
    expect(await focused(page)).toBe('button View logs');
  });

  it('one finds the focus again when what had it is gone', async () => {
    const { page, chip, open, button, mock } = await widget(web, { state: 'downloading' });
    await open();
    await button('Cancel').focus();
    await mock.show('updated');
    await says(chip, /^Up to date/);
    await expect.poll(() => focused(page)).not.toMatch(/^(body|nothing|button Updates)/);
  });

  it('one closes it with its button, and by a click beside it', async () => {
    const { page, dialog, open, button } = await widget(web, { state: 'up-to-date' });
    for (const close of [() => button('Close').press('Enter'), () => page.mouse.click(5, 300)]) {
      await open();
      await close();
      await dialog.waitFor({ state: 'hidden' });
      expect(await focused(page)).toMatch(/^button Updates:/);
    }
  });

  it('one comes back to whatever opened it: a button of the page, or the chip that did not have the focus', async () => {
    const { page, chip, dialog, button } = await widget(web, { state: 'up-to-date' });
    await says(chip, /^Up to date/);
    await page.evaluate(() => {
      const own = document.createElement('button');
      own.textContent = 'Mine';
      own.addEventListener('click', () => document.querySelector('pikit-updates')?.setAttribute('open', ''));
      document.body.append(own);
    });
    const mine = page.getByRole('button', { name: 'Mine' });
    for (const close of [() => page.keyboard.press('Escape'), () => button('Close').click()]) {
      await mine.click();
      await dialog.waitFor();
      await expect.poll(() => focused(page)).toMatch(/^h3 /);
      await close();
      await dialog.waitFor({ state: 'hidden' });
      await expect.poll(() => focused(page)).toBe('button Mine');
    }
    // As in a browser that gives no focus to a button that is clicked.
    await chip.evaluate((element) => {
      if (element instanceof HTMLElement) element.click();
    });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => focused(page)).toMatch(/^button Updates:/);
  });

  it('one unfolds and folds again', async () => {
    const { page, open, dialog } = await widget(web, { state: 'available' });
    await open();
    await tabTo(page, /^summary What will change/);
    await page.keyboard.press('Enter');
    await dialog
      .getByText(/to download/)
      .last()
      .waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => dialog.locator('details[open]').count()).toBe(0);
  });
});
