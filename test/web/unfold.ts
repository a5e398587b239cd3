/** Everything that unfolds in a dialog is unfolded, and what is fetched for it is there. */
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { en } from '../../web/strings/en.ts';

export async function unfoldAll(dialog: Locator): Promise<void> {
  await expect
    .poll(async () => {
      await dialog.evaluate((element) => {
        for (const details of element.querySelectorAll('details')) details.open = true;
      });
      const folded = await dialog.locator('details:not([open])').count();
      const empty = await dialog.locator('details > .stack:empty').count();
      return [folded, empty, await dialog.getByText(en.working).count()];
    })
    .toEqual([0, 0, 0]);
  expect(await dialog.locator('details').count()).toBeGreaterThan(3);
}
