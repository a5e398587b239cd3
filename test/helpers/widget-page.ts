/** The widget in a page, as its user finds it: by roles and names. */
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import type { Visit } from './browser.ts';

export interface WidgetPage extends Visit {
  chip: Locator;
  dialog: Locator;
  button: (name: string | RegExp) => Locator;
  heading: (name: string) => Locator;
  /** Opens the dialog with a click. */
  open: () => Promise<void>;
}

export function inPage(visit: Visit): WidgetPage {
  const { page } = visit;
  const dialog = page.getByRole('dialog', { name: 'Updates', exact: true });
  const chip = page.locator('pikit-updates button[aria-haspopup="dialog"]');
  return {
    ...visit,
    chip,
    dialog,
    button: (name) => dialog.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name }),
    heading: (name) => dialog.getByRole('heading', { name, exact: true }),
    open: async () => {
      await chip.click();
      await dialog.waitFor();
    },
  };
}

/** Resolves when the locator's whole text is this, or fits; the last text is in the error. */
export async function says(locator: Locator, text: string | RegExp, timeoutMs = 120_000): Promise<void> {
  const poll = expect.poll(async () => (await locator.innerText()).replace(/\s+/g, ' ').trim(), { timeout: timeoutMs, interval: 25 });
  await (typeof text === 'string' ? poll.toBe(text) : poll.toMatch(text));
}
