/** The page of the API in a browser, with a played device behind it. */
import type { Page } from 'playwright-core';
import type { VisitOptions, Web } from '../helpers/browser.ts';
import type { WebMock } from '../helpers/web-mock.ts';
import { webMock } from '../helpers/web-mock.ts';
import type { WidgetPage } from '../helpers/widget-page.ts';
import { inPage } from '../helpers/widget-page.ts';
import { BEGUN } from '../helpers/played.ts';

export interface Widget extends WidgetPage {
  mock: WebMock;
}

export interface WidgetOptions extends VisitOptions {
  state?: string;
  mock?: WebMock;
  /** The page's time is taken over: it passes only by `page.clock`. */
  timers?: boolean;
}

export async function widget(web: Web, options: WidgetOptions = {}): Promise<Widget> {
  const { state, mock = await webMock(state, BEGUN), timers = false, ...rest } = options;
  const visit = await web.visit(rest);
  if (timers) await visit.page.clock.install({ time: mock.now });
  else await visit.page.clock.setFixedTime(mock.now);
  await visit.page.goto(`${mock.url}/api/update/page`);
  return { ...inPage(visit), mock };
}

/** The name and role of what has the focus, through shadow roots. */
export async function focused(page: Page): Promise<string> {
  return await page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    const label = element?.getAttribute('aria-label') ?? element?.textContent ?? '';
    return `${element?.tagName.toLowerCase() ?? 'nothing'} ${label.replace(/\s+/g, ' ').trim()}`.trim();
  });
}
