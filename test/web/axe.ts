/** What axe-core has against a page as it is now. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/** For `visit({ script })`: axe comes in as the browser's own, so that the page's policy stays as it is. */
export const AXE = axe.source;

/** One line for each element that breaks a rule of WCAG 2.2 A or AA, or a best practice; names that are not what is shown (2.5.3) among them, which axe only tries on demand. */
export async function violations(page: Page): Promise<string[]> {
  const results = await page.evaluate(
    async () => await window.axe.run(document, { resultTypes: ['violations'], rules: { 'label-content-name-mismatch': { enabled: true } } }),
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}
