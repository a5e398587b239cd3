/** What a screen reader says by itself: what happens, in few words, and no numbers that run. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { describeInBrowser } from '../helpers/browser.ts';
import { says } from '../helpers/widget-page.ts';
import { widget } from './widget.ts';

/** Writes down what any live region comes to say from now on. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const said: string[] = [];
    Reflect.set(window, 'said', said);
    const roots = [document, ...[...document.querySelectorAll('*')].flatMap((element) => element.shadowRoot ?? [])];
    const isLive = '[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]';
    for (const root of roots) {
      new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest(isLive);
          const text = region?.textContent.trim() ?? '';
          if (text !== '' && said.at(-1) !== text) said.push(text);
        }
      }).observe(root, { subtree: true, childList: true, characterData: true });
    }
  });
  return () =>
    page.evaluate(() => {
      const said: unknown = Reflect.get(window, 'said');
      return Array.isArray(said) ? said.map(String) : [];
    });
}

describeInBrowser('aloud', (web) => {
  it('an update is a handful of sentences from its first byte to its end, with no percent in them', async () => {
    const { page, chip, dialog, open, button, mock } = await widget(web, { state: 'available' });
    await open();
    const said = await listen(page);
    await button('Download and install').click();
    for (let step = 0; step < 60; step += 1) {
      mock.clock.pass(500);
      const run: unknown = Reflect.get(Object(await mock.status()), 'run');
      const percent: unknown = Reflect.get(Object(run), 'state') === 'running' ? Reflect.get(Object(run), 'percent') : null;
      // Only what was shown can be said.
      if (typeof percent === 'number') await expect.poll(() => dialog.getByRole('progressbar').getAttribute('value')).toBe(String(percent));
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await says(chip, /^Up to date/);
    const sentences = await said();
    expect(sentences.length).toBeGreaterThan(3);
    expect(sentences.length).toBeLessThan(12);
    expect(sentences.join(' ')).not.toMatch(/\d+ ?%|\bMB\b|\bkB\b|left/);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(sentences.at(-1)).toMatch(/^Up to date|1\.5\.0/);
  });

  it('progress and logs are not read out as they run', async () => {
    const { dialog, open, button } = await widget(web, { state: 'downloading' });
    await open();
    expect(await dialog.getByRole('progressbar').evaluate((bar) => bar.closest('[aria-live], [role=status]') === null)).toBe(true);
    await button('View logs').click();
    expect(await dialog.getByRole('log').getAttribute('aria-live')).toBe('off');
  });

  it('a state that is shown when the page is opened is not announced', async () => {
    const { page, chip } = await widget(web, { state: 'available' });
    const said = await listen(page);
    await says(chip, /^Update available/);
    expect(await said()).toEqual([]);
  });
});
