/** Every state of the mock in a real page: what the chip says, and what axe-core has against it, in both schemes. */
import { describe, expect, it } from 'vitest';
import { describeInBrowser } from '../helpers/browser.ts';
import { readMockStates } from '../helpers/played.ts';
import { webMock } from '../helpers/web-mock.ts';
import { says } from '../helpers/widget-page.ts';
import { AXE, violations } from './axe.ts';
import { CHIPS } from './chips.ts';
import { widget } from './widget.ts';

const STATES = readMockStates();

it('knows what each state looks like', () => {
  expect(Object.keys(CHIPS).toSorted()).toEqual(STATES.list.map(({ name }) => name).toSorted());
});

describeInBrowser('a device that is', (web) => {
  describe.each(STATES.list)('$name', ({ name }) => {
    it('says so on its chip, and is for everybody to use, closed and open, in light and dark', async () => {
      const mock = await webMock(name);
      const { page, chip, open } = await widget(web, { mock, script: AXE, colorScheme: 'light' });
      const { unsigned } = STATES.state(name);
      await says(chip, `${CHIPS[name] ?? ''}${unsigned ? ' Unsigned source' : ''}`);
      expect(await chip.getAttribute('aria-haspopup')).toBe('dialog');
      // Its name is all that it shows, and says first what it is about.
      expect(await page.getByRole('button', { name: /^Updates: / }).count()).toBe(1);
      const found: string[] = [];
      const look = async (what: string): Promise<void> => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          found.push(...(await violations(page)).map((violation) => `${what}, ${colorScheme}: ${violation}`));
        }
      };
      await look('chip');
      await open();
      await look('dialog');
      expect(found).toEqual([]);
    });
  });
});
