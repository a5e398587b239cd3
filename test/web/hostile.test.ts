/** What comes from others is text: notes, names, messages and log lines can run nothing, lead nowhere, and hide nothing. */
import { expect, it } from 'vitest';
import { describeInBrowser } from '../helpers/browser.ts';
import { webMock } from '../helpers/web-mock.ts';
import { says } from '../helpers/widget-page.ts';
import { widget } from './widget.ts';

const MARKUP =
  '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script><a href="javascript:document.title=\'taken\'">click</a>';

describeInBrowser('text of others', (web) => {
  it('in release notes stays text, and a link that is none is none', async () => {
    const { page, dialog, open } = await widget(web, { state: 'available-hostile-notes' });
    await open();
    await dialog.getByText('<script>alert(1)</script>').waitFor();
    expect(await dialog.locator('img, script, iframe, object').count()).toBe(0);
    expect(await dialog.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual([]);
    expect(await dialog.innerText()).not.toContain('\u202e');
    expect(await page.title()).not.toBe('taken');
  });

  it('in links leads to https only, in another tab that knows nothing of this one', async () => {
    const { dialog, open } = await widget(web, { state: 'available' });
    await open();
    const links = await dialog
      .locator('a')
      .evaluateAll((all) => all.map((link) => [link.getAttribute('href'), link.getAttribute('rel'), link.getAttribute('target')]));
    expect(links.length).toBeGreaterThan(0);
    for (const [href, rel, target] of links) {
      expect(href).toMatch(/^https?:\/\//);
      expect([rel, target]).toEqual(['noreferrer', '_blank']);
    }
  });

  it('in names of branches, messages, hints, paths, notices and log lines stays text', async () => {
    const mock = await webMock('rolled-back');
    const taint = (value: unknown): unknown => {
      if (typeof value === 'string') return /^[a-z_-]{1,20}$|^\d|^[A-Z_]+$|^\//.test(value) ? value : `${MARKUP}${value}`;
      if (Array.isArray(value)) return value.map(taint);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, taint(member)]));
    };
    const answers = new Map<string, unknown>();
    for (const path of ['status', 'branches', 'history', 'plan', 'logs', 'auto']) {
      answers.set(path, taint(await (await fetch(`${mock.url}/api/update/${path}`)).json()));
    }
    mock.answerWith((incoming, outgoing) => {
      const path = (incoming.url ?? '').replace('/api/update/', '').replace(/\?.*/, '');
      if (path === 'events') {
        outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
        outgoing.write(`event: status\ndata: ${JSON.stringify(answers.get('status'))}\n\n`);
        return true;
      }
      if ((incoming.headers.accept ?? '').includes('event-stream')) {
        outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
        const lines: unknown = Reflect.get(Object(answers.get('logs')), 'lines');
        for (const line of Array.isArray(lines) ? lines : []) outgoing.write(`event: line\ndata: ${JSON.stringify(line)}\n\n`);
        return true;
      }
      if (!answers.has(path)) return false;
      outgoing.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answers.get(path)));
      return true;
    });
    const { page, dialog, open, button, chip } = await widget(web, { mock });
    await says(chip, /^Update rolled back/);
    await open();
    await button('View logs').click();
    for (const name of ['What will change', 'Branch', 'Automatic updates', 'History'])
      await dialog.getByRole('heading', { name, exact: true }).click();
    await dialog.locator('summary', { hasText: 'Details' }).first().click();
    await expect.poll(async () => (await dialog.innerText()).split('<img src=x').length).toBeGreaterThan(8);
    expect(await dialog.locator('img, script, iframe, object, a[href^="javascript"]').count()).toBe(0);
    expect(await page.title()).not.toBe('taken');
    expect(await chip.innerText()).not.toContain('<img');
  });

  it('can be as long as it likes: the dialog stays as wide as it is', async () => {
    const { dialog, open } = await widget(web, { state: 'available-long-notes' });
    await open();
    const box = await dialog.boundingBox();
    expect(box?.width).toBeLessThan(800);
    expect(await dialog.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
  });
});
