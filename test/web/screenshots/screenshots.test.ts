/** A picture of every state in both schemes and on 320 pixels, for docs/screenshots: `npm run screenshots`. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { de } from '../../../web/strings/de.ts';
import { en } from '../../../web/strings/en.ts';
import { describeInBrowser } from '../../helpers/browser.ts';
import { BEGUN, readMockStates } from '../../helpers/played.ts';
import { always, never } from '../../helpers/web-front.ts';
import { webMock } from '../../helpers/web-mock.ts';
import { says } from '../../helpers/widget-page.ts';
import { CHIPS } from '../chips.ts';
import type { Widget } from '../widget.ts';
import { widget } from '../widget.ts';
import { smallPng } from './small-png.ts';

const DIR = 'docs/screenshots';
const MAX_BYTES = 40 * 1024;
/** Of all chips at once, which are many. */
const MAX_ALL_BYTES = 60 * 1024;

const LARGE = { width: 720, height: 720 };
const SMALL = { width: 320, height: 640 };

const PROBLEM = JSON.stringify({
  error: {
    code: 'CONFIG_INVALID',
    message: "'/etc/pikit/update.toml' is invalid: 'source.url' is \"updates\": must be an address",
    hint: "edit '/etc/pikit/update.toml'; every key is explained in the README",
  },
});

async function german({ page, dialog }: Widget): Promise<void> {
  await page.evaluate(() => {
    document.querySelector('pikit-updates')?.setAttribute('lang', 'de');
  });
  await dialog.getByRole('heading', { name: de.heading.history }).waitFor();
}

/** What is no state of a device, by its name: how it comes to be, in a page that shows the dialog of this state. */
const SCENES: Readonly<Record<string, { state: string; act: (tab: Widget) => Promise<void> }>> = {
  'plan-unfolded': {
    state: 'available',
    act: async ({ dialog, heading }) => {
      await heading(en.heading.plan).click();
      await dialog.getByText(en.plan.restarts(1)).scrollIntoViewIfNeeded();
    },
  },
  'branches-unfolded': {
    state: 'branch-disabled',
    act: async ({ dialog, heading }) => {
      await heading(en.heading.branch).click();
      await dialog.getByRole('textbox', { name: en.label.other }).scrollIntoViewIfNeeded();
    },
  },
  'automatic-unfolded': {
    state: 'auto-install',
    act: async ({ heading, button }) => {
      await heading(en.heading.auto).click();
      await button(en.button.save).scrollIntoViewIfNeeded();
    },
  },
  'question-go-back': {
    state: 'up-to-date',
    act: async ({ button }) => {
      await button(en.button.goBack('1.3.2')).click();
      await button(en.yes.rollback).scrollIntoViewIfNeeded();
    },
  },
  'failure-unfolded': {
    state: 'rolled-back',
    act: async ({ dialog, page }) => {
      await dialog.locator('summary', { has: page.getByText(en.details, { exact: true }) }).click();
    },
  },
  logs: {
    state: 'rolled-back',
    act: async ({ dialog, button }) => {
      await button(en.button.logs).click();
      await dialog.getByRole('log').locator('p').nth(4).waitFor();
      await dialog.getByRole('log').scrollIntoViewIfNeeded();
    },
  },
  replaced: { state: 'up-to-date', act: async ({ mock, button }) => mock.show('updated').then(() => button(en.button.reload).waitFor()) },
  reconnecting: {
    state: 'installing',
    act: async ({ mock, chip, expectComplaints }) => {
      expectComplaints(/ERR_/);
      await mock.stop();
      await says(chip, new RegExp(en.reconnecting));
    },
  },
  'not-allowed': {
    state: 'up-to-date',
    act: async ({ mock, page, chip, open, expectComplaints }) => {
      expectComplaints(/401|MIME/);
      mock.answerWith(always(401, 'text/html', '<h1>Log in</h1>', /update\/(status|events)/));
      await page.reload();
      await says(chip, new RegExp(en.chip['not-allowed']));
      await open();
    },
  },
  'not-reachable': {
    state: 'up-to-date',
    act: async ({ mock, page, chip, open, expectComplaints }) => {
      expectComplaints(/502|MIME/);
      mock.answerWith(always(502, 'text/html', '<h1>Bad Gateway</h1>', /update\/(status|events)/));
      await page.reload();
      await says(chip, new RegExp(en.chip.gone));
      await open();
    },
  },
  'slow-to-answer': {
    state: 'up-to-date',
    act: async ({ mock, page, chip, open }) => {
      await page.clock.install({ time: mock.now });
      mock.answerWith(never(/update\/(status|events)/));
      await page.reload();
      await says(chip, en.chip.connecting);
      await page.clock.fastForward(8500);
      await says(chip, en.chip.slow);
      await open();
    },
  },
  'updater-problem': {
    state: 'up-to-date',
    act: async ({ mock, page, chip, open, expectComplaints }) => {
      expectComplaints(/500|MIME/);
      mock.answerWith(always(500, 'application/json', PROBLEM, /update\/(status|events)/));
      await page.reload();
      await says(chip, en.chip.problem);
      await open();
    },
  },
  german: { state: 'rolled-back', act: german },
  'german-available': { state: 'available', act: german },
  connecting: {
    state: 'up-to-date',
    act: async ({ mock, page, chip, open }) => {
      mock.answerWith(never(/update\/(status|events)/));
      await page.reload();
      await says(chip, en.chip.connecting);
      await open();
    },
  },
};

const written: string[] = [];

/** One state for each thing that the chip can say. */
function oneOfEach(names: readonly string[]): string[] {
  const said = new Map(names.toReversed().map((name) => [CHIPS[name] ?? name, name]));
  return [...said.values()].toReversed();
}

async function shoot(page: Page, name: string, fullPage: boolean): Promise<void> {
  const path = join(DIR, `${name}.png`);
  await page.evaluate(() => document.fonts.ready);
  const bytes = smallPng(await page.screenshot({ fullPage, animations: 'disabled', caret: 'hide' }));
  fs.mkdirSync(DIR, { recursive: true });
  fs.writeFileSync(path, bytes);
  written.push(`${name}.png`);
  expect(bytes.length, `${path} is small`).toBeLessThanOrEqual(fullPage ? MAX_ALL_BYTES : MAX_BYTES);
}

async function shootAll(tab: Widget, name: string, fullPage = false): Promise<void> {
  const { page } = tab;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await shoot(page, `${name}-${colorScheme}`, fullPage);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SMALL);
  await shoot(page, `${name}-320`, fullPage);
}

describe.skipIf(process.env['PIKIT_SCREENSHOTS'] !== '1')('pictures', () => {
  afterAll(() => {
    // What was renamed or is gone leaves no picture behind.
    if (written.length < 150) return;
    for (const name of fs.readdirSync(DIR)) if (!written.includes(name)) fs.rmSync(join(DIR, name));
  });

  describeInBrowser('of', (web) => {
    it.each(readMockStates().list.filter(({ name }) => !name.startsWith('failed:')))('$name', async ({ name }) => {
      const tab = await widget(web, { state: name, viewport: LARGE });
      await tab.open();
      await tab.heading(en.heading.history).waitFor();
      await shootAll(tab, name);
    });

    it('all chips at once', async () => {
      const tab = await widget(web, { state: 'up-to-date', viewport: { width: 960, height: 600 }, timers: true });
      const { page, chip } = tab;
      const names = oneOfEach(readMockStates().list.map(({ name }) => name));
      tab.expectComplaints(/401|500|502|MIME/);
      const answers = new Map([
        ['/no-access', always(401, 'text/html', '')],
        ['/not-reachable', always(502, 'text/html', '')],
        ['/problem', always(500, 'application/json', PROBLEM)],
        ['/slow', never(/./)],
        ['/connecting', never(/./)],
      ]);
      tab.mock.answerWith((incoming, outgoing) => {
        const answering = answers.get((incoming.url ?? '').replace(/(?<=.)\/.*/, ''));
        return answering?.(incoming, outgoing) === true;
      });
      await page.evaluate((all) => {
        const style = new CSSStyleSheet();
        style.replaceSync('main { display: flex; flex-wrap: wrap; gap: 4px 8px; padding: 12px; max-width: none } body { padding: 0 }');
        document.adoptedStyleSheets.push(style);
        const chips = all.map((state) => {
          const element = document.createElement('pikit-updates');
          element.setAttribute('once', '');
          element.setAttribute('query', `state=${state}`);
          return element;
        });
        const main = document.createElement('main');
        main.append(...chips);
        document.body.replaceChildren(main);
      }, names);
      await expect.poll(() => chip.getByText(en.chip.connecting).count()).toBe(0);
      const add = async (api: string): Promise<void> => {
        await page.evaluate((value) => {
          const element = document.createElement('pikit-updates');
          element.setAttribute('api', value);
          document.querySelector('main')?.append(element);
        }, api);
      };
      // None of these is a state of the device: the API does not answer, or not to us.
      for (const api of ['/no-access', '/not-reachable', '/problem', '/slow']) await add(api);
      for (const text of [en.chip['not-allowed'], en.chip.gone, en.chip.problem]) await chip.getByText(text, { exact: true }).waitFor();
      await page.clock.fastForward(8500);
      await chip.getByText(en.chip.slow).waitFor();
      await add('/connecting');
      await chip.getByText(en.chip.connecting).waitFor();
      await expect.poll(() => chip.count()).toBe(names.length + answers.size);
      await shootAll(tab, 'chips', true);
    });

    it.each(Object.entries(SCENES))('%s', async (name, { state, act }) => {
      const tab = await widget(web, { mock: await webMock(state, BEGUN), viewport: LARGE });
      await tab.open();
      await tab.heading(en.heading.history).waitFor();
      await act(tab);
      await shootAll(tab, name);
    });
  });
});
