/** The widget in a third-party dashboard, as docs/dashboard.md has it: its block of HTML, under its policy, with its colours. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../helpers/browser.ts';
import type { WebMock } from '../helpers/web-mock.ts';
import { webMock } from '../helpers/web-mock.ts';
import { inPage, says } from '../helpers/widget-page.ts';
import { violations, AXE } from './axe.ts';

const DOC = fs.readFileSync('docs/dashboard.md', 'utf8');

function block(language: string, start = ''): string {
  const all = [...DOC.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text.trim());
  return all.find((text) => text.startsWith(start)) ?? '';
}

const HTML = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Mine</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/mine.css"><script type="module" src="/mine.js"></script></head>
<body><main><h1>Mine</h1>
${block('html')}
</main></body>
</html>`;

/** A third-party dashboard in front of a played device, and its address. */
async function mine(policy = block('', 'default-src')): Promise<WebMock> {
  const mock = await webMock('up-to-date');
  const files: Readonly<Record<string, [string, string]>> = {
    '/': ['text/html', HTML],
    '/mine.css': ['text/css', block('css')],
    '/mine.js': ['text/javascript', block('js')],
  };
  mock.answerWith((incoming, outgoing) => {
    const [type, body] = files[incoming.url ?? ''] ?? [];
    if (type === undefined) return false;
    outgoing.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': `${policy}; img-src data:` }).end(body);
    return true;
  });
  return mock;
}

describeInBrowser('in a third-party dashboard', (web) => {
  it('the block of the documentation is all that it takes, under the policy of the documentation', async () => {
    const mock = await mine();
    const visit = await web.visit({ script: AXE, colorScheme: 'light' });
    await visit.page.goto(mock.url);
    const { page, chip, open, dialog, button } = inPage(visit);
    await says(chip, /^Up to date/);
    await expect.poll(() => page.title()).toBe('Pi-Kit');
    await open();
    await button('Check now').click();
    await expect.poll(() => page.title()).toBe('Checking… – Pi-Kit');
    mock.clock.pass(10_000);
    await says(chip, /^Update available/);
    await expect
      .poll(() => button('Download and install').evaluate((element) => getComputedStyle(element).backgroundColor))
      .toBe('rgb(122, 31, 162)');
    expect(await violations(page)).toEqual([]);
    await dialog.press('Escape');
    await page.locator('pikit-updates:not([open])').waitFor();
    await page.evaluate(() => {
      document.querySelector('pikit-updates')?.setAttribute('open', '');
    });
    await dialog.waitFor();
  });

  it('a second copy of it, or of what it is made with, does no harm where the policy allows for that', async () => {
    const mock = await mine(block('', 'default-src').replace(/$/, " 'allow-duplicates'"));
    const { page } = await web.visit();
    await page.goto(mock.url);
    const chip = page.locator('pikit-updates button[aria-haspopup="dialog"]');
    await says(chip, /^Up to date/);
    // As text, because the test's own loader would take an import() for its own.
    await page.evaluate("import('/api/update/pikit-updates.js?again')");
    await mock.show('available');
    await says(chip, /^Update available/);
  });

  it('it can be moved while its dialog is open, which is open where it came to, and closes', async () => {
    const mock = await webMock('available');
    const visit = await web.visit();
    await visit.page.goto(`${mock.url}/api/update/page`);
    const { page, chip, dialog, open, button } = inPage(visit);
    await open();
    for (const isAtOnce of [true, false]) {
      await page.evaluate((now) => {
        const element = document.querySelector('pikit-updates');
        element?.remove();
        const back = (): void => {
          if (element !== null) document.body.prepend(element);
        };
        if (now) back();
        else setTimeout(back, 100);
      }, isAtOnce);
      await button('Download and install').waitFor();
      expect(await dialog.evaluate((element) => element.matches(':modal'))).toBe(true);
    }
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    // A panel has no dialog, and has it back when it is none any more.
    await open();
    for (const isPanel of [true, false]) {
      await page.evaluate((value) => {
        document.querySelector('pikit-updates')?.toggleAttribute('inline', value);
      }, isPanel);
      await dialog.waitFor({ state: isPanel ? 'detached' : 'visible' });
    }
    await says(chip, /^Update available/);
  });

  it('a panel in the page, below a heading of that, has no dialog, and is as usable', async () => {
    const mock = await webMock('available');
    const { page } = await web.visit({ script: AXE });
    await page.goto(`${mock.url}/api/update/page`);
    await page.evaluate(() => {
      const heading = document.createElement('h2');
      heading.textContent = 'Updates';
      const element = document.querySelector('pikit-updates');
      element?.before(heading);
      element?.setAttribute('inline', '');
    });
    await page.getByRole('button', { name: 'Download and install' }).click();
    await page.getByRole('progressbar').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await violations(page)).toEqual([]);
  });
});
