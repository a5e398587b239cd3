/** Real Chromium for tests: a fresh profile each, and whatever a page complains about fails the test that looked at it. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';
import { aheadMs, withoutClock } from './faketime.ts';

/** Where the browser of this machine is; null when there is none. */
function executable(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'chromium')).find((file) => fs.existsSync(file)) ?? null;
}

export interface Visit {
  page: Page;
  /** What the page has complained about so far: console errors and warnings, violations of its CSP, errors that were not caught. */
  complaints: string[];
  /** Complaints that this test is about: the browser logs every answer that is an error. */
  expectComplaints: (...patterns: readonly RegExp[]) => void;
}

export interface VisitOptions extends BrowserContextOptions {
  /** Before the first page is opened, in the page. */
  script?: string;
}

export interface Web {
  /** A tab in a profile of its own; closed when the test ends, which fails for complaints that it did not expect. */
  visit: (options?: VisitOptions) => Promise<Visit>;
  /** A further tab of the same profile. */
  tabBeside: (visit: Visit) => Promise<Visit>;
}

/** A suite in a browser; skipped where there is none, with the reason in its name. */
export function describeInBrowser(name: string, suite: (web: Web) => void): void {
  if (executable() === null) {
    describe.skip(`${name} (skipped: chromium is not installed)`, () => {
      suite({ visit: () => Promise.reject(new Error('skipped')), tabBeside: () => Promise.reject(new Error('skipped')) });
    });
    return;
  }
  describe(name, () => {
    suite(browsing());
  });
}

/** Why no browser can be started in the network of another process here; null when one can. */
export function canBrowseIn(): string | null {
  if (executable() === null) return 'chromium is not installed';
  return process.getuid?.() === 0 ? null : 'only root may enter the network of a container';
}

/**
 * To be called where suites are defined: it starts a browser before their first test, and ends it after the last. With a
 * process id, in the network of that process: its 127.0.0.1 is the browser's.
 */
export function browsing(networkOf: () => Promise<number | null> = () => Promise.resolve(null)): Web {
  let browser: Browser | null = null;
  let dir = '';
  beforeAll(async () => {
    dir = fs.mkdtempSync(join(tmpdir(), 'pikit-browser-'));
    const pid = await networkOf();
    const program = executable() ?? 'chromium';
    const inside = join(dir, 'chromium');
    fs.writeFileSync(inside, `#!/bin/sh\nexec nsenter --net=/proc/${String(pid)}/ns/net -- '${program}' "$@"\n`, { mode: 0o755 });
    browser = await chromium.launch({
      executablePath: pid === null ? program : inside,
      // With libfaketime in it, Chromium opens no page: the browser has the machine's clock, and its pages are told the other one.
      env: withoutClock(),
      // Chromium's sandbox refuses root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--font-render-hinting=none'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  async function visit({ script, ...options }: VisitOptions = {}): Promise<Visit> {
    if (browser === null) throw new Error('the browser is started before the first test, not before that');
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
    onTestFinished(() => context.close());
    if (aheadMs() > 0) await context.addInitScript({ content: putAhead(aheadMs()) });
    if (script !== undefined) await context.addInitScript({ content: script });
    return watched(await context.newPage());
  }

  return { visit, tabBeside: async ({ page }) => watched(await page.context().newPage()) };
}

/** For a page, before its own scripts: its clock goes on so far ahead. Timers are not concerned. */
const putAhead = (byMs: number): string => `{
  const Real = Date;
  const now = () => Real.now() + ${String(byMs)};
  globalThis.Date = new Proxy(Real, {
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
    apply: () => new Real(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}`;

function watched(page: Page): Visit {
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  const expected: RegExp[] = [];
  // Told with a failure, since the browser's own message has no more than the status.
  const answers: string[] = [];
  page.on('response', (response) => {
    if (response.status() < 400) return;
    // Safe to ignore: the page may be gone before its answer was read.
    response.text().then(
      (body) => answers.push(`${String(response.status())} ${response.url()}: ${body}`),
      () => undefined,
    );
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('crash', () => complaints.push('the page has crashed'));
  onTestFinished(() => {
    expect(
      complaints.filter((text) => !expected.some((pattern) => pattern.test(text))),
      answers.join('\n'),
    ).toEqual([]);
  });
  return { page, complaints, expectComplaints: (...patterns) => void expected.push(...patterns) };
}
