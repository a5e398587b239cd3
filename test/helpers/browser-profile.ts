/** Chromium as a person leaves it and comes back to it: one profile, ended and started again. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { withoutClock } from './faketime.ts';
import { temporary } from './device.ts';

const FLAGS = ['--headless=new', '--remote-debugging-port=0', '--no-first-run', '--disable-background-networking', '--disable-sync'];

export interface Profile {
  /** Starts the browser with an address or a flag, and resolves to its tabs once there is one. */
  start: (argument: string) => Promise<Page[]>;
  /** Ends it as its menu does, so that the session is kept. */
  quit: () => Promise<void>;
}

/** Until the test ends. Playwright's own start makes a new session each time. */
export function openProfile(): Profile {
  const dir = temporary();
  let running: { child: ChildProcess; browser: Browser } | null = null;
  onTestFinished(async () => {
    if (running === null || running.child.exitCode !== null) return;
    const exited = once(running.child, 'exit');
    running.child.kill('SIGKILL');
    await exited;
  });
  return {
    start: async (argument) => {
      const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      const child = spawn('chromium', [...FLAGS, ...root, `--user-data-dir=${dir}`, argument], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: withoutClock(),
      });
      const browser = await chromium.connectOverCDP(await endpointOf(child));
      running = { child, browser };
      const pages = (): Page[] => browser.contexts().flatMap((context) => context.pages());
      await expect.poll(() => pages().length).toBeGreaterThan(0);
      return pages();
    },
    quit: async () => {
      if (running === null) return;
      const { child, browser } = running;
      const exited = once(child, 'exit');
      const session = await browser.newBrowserCDPSession();
      // The connection ends with the browser, sometimes before the answer.
      await session.send('Browser.close').catch(() => undefined);
      await exited;
    },
  };
}

async function endpointOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('no standard error');
  for await (const line of createInterface({ input: child.stderr })) {
    const [endpoint] = /ws:\/\/\S+/.exec(line) ?? [];
    if (endpoint !== undefined) {
      child.stderr.resume();
      return endpoint;
    }
  }
  throw new Error('Chromium ended before it could be reached');
}
