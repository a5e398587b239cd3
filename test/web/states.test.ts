/** Every state of the mock in a real page: what the chip says, and what axe-core has against it, in both schemes; and what is no state of it. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { en } from '../../web/strings/en.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import { readMockStates } from '../helpers/played.ts';
import { always, never } from '../helpers/web-front.ts';
import { webMock } from '../helpers/web-mock.ts';
import { says } from '../helpers/widget-page.ts';
import { AXE, violations } from './axe.ts';
import { CHIPS } from './chips.ts';
import { unfoldAll } from './unfold.ts';
import type { Widget } from './widget.ts';
import { widget } from './widget.ts';

const STATES = readMockStates();

it('knows what each state looks like', () => {
  expect(Object.keys(CHIPS).toSorted()).toEqual(STATES.list.map(({ name }) => name).toSorted());
});

/** Both schemes, and what is looked at in the error. */
async function lookAt(page: Page, what: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await violations(page)).map((violation) => `${what}, ${colorScheme}: ${violation}`));
  }
  return found;
}

const API = /\/api\/update\/(?!page|pikit-updates)/;

/** What is no state of a device, by what it is: the state that it begins in, and how it comes to be. */
const SCENES: Readonly<Record<string, [state: string, act: (tab: Widget) => Promise<void>]>> = {
  'that is not heard of any more': [
    'installing',
    async ({ mock, chip, dialog, open, expectComplaints }) => {
      expectComplaints(/ERR_/);
      await says(chip, /^Installing…/);
      await open();
      await dialog.getByRole('progressbar').waitFor();
      await mock.stop();
      await says(chip, /Reconnecting…/);
    },
  ],
  'that is slow to answer': [
    'available',
    async ({ mock, page, chip, open }) => {
      await page.clock.install({ time: mock.now });
      mock.answerWith(never(API));
      await page.reload();
      await says(chip, /^Connecting…/);
      await page.clock.fastForward(8500);
      await says(chip, /^Slow to respond/);
      await open();
    },
  ],
  'that is gone': [
    'available',
    async ({ mock, page, chip, open, expectComplaints }) => {
      expectComplaints(/502|MIME/);
      mock.answerWith(always(502, 'text/html', '<h1>Bad Gateway</h1>', API));
      await page.reload();
      await says(chip, /^Updater unreachable/);
      await open();
    },
  ],
  'that refuses access': [
    'available',
    async ({ mock, page, chip, open, expectComplaints }) => {
      expectComplaints(/401|MIME/);
      mock.answerWith(always(401, 'text/html', '<h1>Log in</h1>', API));
      await page.reload();
      await says(chip, /^No access/);
      await open();
    },
  ],
  'whose updater has a problem': [
    'available',
    async ({ mock, page, chip, open, expectComplaints }) => {
      expectComplaints(/500|MIME/);
      mock.answerWith(always(500, 'application/json', '{"error":{"code":"STATE_INVALID","message":"the state cannot be read"}}', API));
      await page.reload();
      await says(chip, /^Updater error/);
      await open();
    },
  ],
  'with a question': [
    'held',
    async ({ open, button }) => {
      await open();
      await button(en.button.goBack('1.3.2')).click();
      await button(en.yes.rollback).waitFor();
      await button(en.button.no).click();
      await button(en.button.retry).click();
      await button(en.yes.apply).waitFor();
    },
  ],
  'with its log': [
    'rolled-back',
    async ({ open, button, dialog }) => {
      await open();
      await button(en.button.logs).click();
      await dialog.getByRole('log').locator('p').nth(3).waitFor();
    },
  ],
  'with the details of a failure': [
    'rolled-back',
    async ({ open, dialog, page }) => {
      await open();
      await dialog.locator('summary', { has: page.getByText(en.details, { exact: true }) }).click();
      await dialog.getByText('SERVICE_FAILED').waitFor();
    },
  ],
  'with all of it unfolded': ['available', async ({ open, dialog }) => open().then(() => unfoldAll(dialog))],
  'with a request that failed': [
    'available',
    async ({ open, button, dialog, mock, expectComplaints }) => {
      expectComplaints(/ERR_/);
      await open();
      mock.answerWith((incoming) => {
        if (incoming.method === 'POST') incoming.socket.destroy();
        return incoming.method === 'POST';
      });
      await button(en.button.check).click();
      await dialog.getByRole('alert').waitFor();
    },
  ],
};

describeInBrowser('a device', (web) => {
  it.each(Object.entries(SCENES))('%s is for everybody to use, in light and dark', async (_what, [state, act]) => {
    const tab = await widget(web, { state, script: AXE });
    await act(tab);
    const { page, dialog } = tab;
    const found = await lookAt(page, 'dialog');
    await page.keyboard.press('Escape');
    if (await dialog.isVisible()) await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect([...found, ...(await lookAt(page, 'chip'))]).toEqual([]);
  });
});

describeInBrowser('a device that is', (web) => {
  describe.each(STATES.list)('$name', ({ name }) => {
    it('says so on its chip, and is for everybody to use, closed and open, in light and dark', async () => {
      const mock = await webMock(name);
      const { page, chip, open } = await widget(web, { mock, script: AXE, colorScheme: 'light' });
      // The mock plays it today: its dates are as far from now as they are in the file.
      await says(chip, name === 'signatures-expired' ? /^Last verified \w{3} \d{1,2}, \d{4}$/ : (CHIPS[name] ?? ''));
      expect(await chip.getAttribute('aria-haspopup')).toBe('dialog');
      // Its name is all that it shows, and says first what it is about.
      expect(await page.getByRole('button', { name: /^Updates: / }).count()).toBe(1);
      const found = await lookAt(page, 'chip');
      await open();
      expect([...found, ...(await lookAt(page, 'dialog'))]).toEqual([]);
    });
  });
});
