/** How it is laid out: on a small screen, from right to left, without movement, in other colours, in another language. */
import fs from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { de } from '../../web/strings/de.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import { readMockStates } from '../helpers/played.ts';
import { webMock } from '../helpers/web-mock.ts';
import { inPage, says } from '../helpers/widget-page.ts';
import { AXE, violations } from './axe.ts';
import { unfoldAll } from './unfold.ts';
import { widget } from './widget.ts';

const GERMAN = fs.readFileSync(`${process.env['PIKIT_TEST_DIST'] ?? 'dist'}/web/pikit-updates.de.js`);
const SMALL = { width: 320, height: 640 };

/** What is wider than the page, or the dialog, that it is in. */
async function overflows(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const found: string[] = [];
    const rangeOf = (element: Element): Range => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return range;
    };
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) found.push(`the page scrolls to ${String(document.documentElement.scrollWidth)}`);
    const roots = [...document.querySelectorAll('*')].flatMap((element) => element.shadowRoot ?? []);
    for (const element of roots.flatMap((root) => [...root.querySelectorAll('*')])) {
      const name = `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} #${element.id}`;
      if (['H2', 'H3', 'BUTTON'].includes(element.tagName)) {
        const lines = new Set([...rangeOf(element).getClientRects()].map(({ top }) => Math.round(top / 8))).size;
        const words = (element.textContent.match(/\S+/g) ?? []).length;
        if (lines > Math.max(1, words)) found.push(`${name} breaks ${String(words)} words into ${String(lines)} lines`);
      }
      if (element.tagName === 'DIALOG' && element.scrollWidth > element.clientWidth) found.push(`${name} scrolls sideways`);
      const box = element.getBoundingClientRect();
      if (box.width > 1 && (box.right > width + 1 || box.left < -1)) found.push(`${name} reaches from ${String(box.left)} to ${String(box.right)}`);
    }
    return found;
  });
}

describeInBrowser('on 320 pixels', (web) => {
  describe.each(readMockStates().list.filter(({ name }) => !name.startsWith('failed:') || name === 'failed:PROBE_FAILED'))('$name', ({ name }) => {
    it('nothing has to be scrolled sideways, folded or unfolded, left to right or right to left', async () => {
      const { page, open, dialog } = await widget(web, { state: name, viewport: SMALL });
      expect(await overflows(page)).toEqual([]);
      await open();
      expect(await overflows(page)).toEqual([]);
      await unfoldAll(dialog);
      expect(await overflows(page)).toEqual([]);
      await page.evaluate(() => {
        document.documentElement.dir = 'rtl';
      });
      expect(await overflows(page)).toEqual([]);
    });
  });

  it('holds when all of it is unfolded, and logs and a question are shown', async () => {
    const { page, open, dialog, button } = await widget(web, { state: 'available-long-notes', viewport: SMALL });
    await open();
    await button('Roll back to 1.3.2').click();
    await button('View logs').click();
    await page.getByRole('log').waitFor();
    await unfoldAll(dialog);
    expect(await overflows(page)).toEqual([]);
  });

  it('what one touches is large enough to touch', async () => {
    const { page, open } = await widget(web, { state: 'available', viewport: SMALL, hasTouch: true });
    await open();
    const small = await page.evaluate(() => {
      const roots = [...document.querySelectorAll('*')].flatMap((element) => element.shadowRoot ?? []);
      return roots
        .flatMap((root) => [...root.querySelectorAll('button, summary, input, select')])
        .map((element) => ({ box: element.getBoundingClientRect(), name: `${element.tagName} ${element.textContent.trim()}` }))
        .filter(({ box }) => box.height > 0 && box.height < 40)
        .map(({ box, name: what }) => `${what} is ${String(box.height)} high`);
    });
    expect(small).toEqual([]);
  });
});

describeInBrowser('the page decides', (web) => {
  it('reduced motion: nothing moves', async () => {
    const moving = async (reducedMotion: 'reduce' | 'no-preference'): Promise<number> => {
      const { page, open } = await widget(web, { state: 'downloading', reducedMotion });
      await open();
      // The bar in the browser's own style has a life of its own.
      return await page.evaluate(() => {
        const roots = [...document.querySelectorAll('*')].flatMap((element) => element.shadowRoot ?? []);
        return roots.flatMap((root) => root.getAnimations()).filter(({ playState }) => playState === 'running').length;
      });
    };
    expect(await moving('no-preference')).toBeGreaterThan(0);
    expect(await moving('reduce')).toBe(0);
    // What the browser animates in its own style is not in that count: a bar without a value.
    const { open, dialog } = await widget(web, { state: 'downloading-unknown-size', reducedMotion: 'reduce' });
    await open();
    expect(await dialog.getByRole('progressbar').evaluate((bar) => getComputedStyle(bar).appearance)).toBe('none');
  });

  it('the direction: what begins on the right begins there', async () => {
    const mock = await webMock('available');
    const { page, open, dialog } = await widget(web, { mock, viewport: SMALL });
    await open();
    const left = await dialog.locator('#state').boundingBox();
    await page.evaluate(() => {
      document.documentElement.dir = 'rtl';
    });
    await expect
      .poll(async () => ((await dialog.locator('#state').boundingBox())?.x ?? 0) + ((await dialog.locator('#state').boundingBox())?.width ?? 0))
      .toBeGreaterThan((left?.x ?? 0) + 100);
  });

  it('the colours, by its custom properties and its scheme', async () => {
    const { page, open, dialog } = await widget(web, { state: 'available', colorScheme: 'light' });
    await open();
    const colourOf = (): Promise<string> => dialog.evaluate((element) => getComputedStyle(element).backgroundColor);
    const light = await colourOf();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await colourOf()).not.toBe(light);
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.setAttribute('theme', 'light');
    });
    expect(await colourOf()).toBe(light);
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('pikit-updates { --pikit-updates-background: rgb(1, 2, 3); }');
      document.adoptedStyleSheets.push(sheet);
    });
    expect(await colourOf()).toBe('rgb(1, 2, 3)');
  });

  it('the contrast: with forced colours everything is still there', async () => {
    const { page, chip, open, button } = await widget(web, { state: 'available', forcedColors: 'active', script: AXE });
    await says(chip, /^Update available/);
    await open();
    const border = await button('Check now').evaluate((element) => getComputedStyle(element).borderTopWidth);
    expect(Number.parseFloat(border)).toBeGreaterThan(0);
    expect(await violations(page)).toEqual([]);
  });

  it('the language: German for a German browser', async () => {
    const mock = await webMock('available');
    const english = await widget(web, { mock, locale: 'de-DE', script: AXE });
    const { page, chip, open, dialog } = inPage(english);
    await says(chip, de.chip.available('1.5.0'));
    await open();
    for (const name of [de.button.close, de.button.check]) await dialog.getByRole('button', { name }).waitFor();
    expect(await dialog.evaluate((element) => element.closest('[lang]')?.getAttribute('lang') ?? '')).toBe('de');
    expect(await violations(page)).toEqual([]);
    const left = await dialog.innerText();
    expect(left).not.toMatch(/\b(Check now|Installed|Branch|Previous version|Roll back|Skip|Close)\b/);
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.setAttribute('lang', 'en');
    });
    await says(chip, /^Update available/);
  });

  it('the language, without a word of another one before it is there', async () => {
    const mock = await webMock('available');
    const held: (() => void)[] = [];
    mock.answerWith((incoming, outgoing) => {
      if (incoming.url !== '/api/update/pikit-updates.de.js' || held.length > 0) return false;
      held.push(() => outgoing.writeHead(200, { 'Content-Type': 'text/javascript' }).end(GERMAN));
      return true;
    });
    // Every text that the chip has had.
    const script = `const attach = Element.prototype.attachShadow;
      window.texts = new Set();
      Element.prototype.attachShadow = function (options) {
        const root = attach.call(this, options);
        new MutationObserver(() => window.texts.add(root.querySelector('.chip')?.innerText.trim() ?? '')).observe(root, { subtree: true, childList: true, characterData: true });
        return root;
      };`;
    const { page, chip } = await widget(web, { mock, locale: 'de-DE', script });
    await expect.poll(() => held.length).toBe(1);
    await chip.waitFor();
    await expect.poll(mock.streams).toBe(1);
    expect(await chip.innerText()).toBe('');
    held[0]?.();
    await says(chip, de.chip.available('1.5.0'));
    const texts = await page.evaluate(() => {
      const found: unknown = Reflect.get(window, 'texts');
      return found instanceof Set ? [...found].map(String) : [];
    });
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join(' ')).not.toMatch(/Connecting|available|Up to date/);
  });

  it('the language, and English is what is left when that cannot be loaded', async () => {
    const mock = await webMock('available');
    mock.answerWith((incoming, outgoing) => {
      if (incoming.url !== '/api/update/pikit-updates.de.js') return false;
      outgoing.writeHead(404).end();
      return true;
    });
    const { chip, expectComplaints } = await widget(web, { mock, locale: 'de-DE' });
    expectComplaints(/404/);
    await says(chip, /^Update available/);
  });
});
