/** What stands for the dashboard: serves what is installed, and says at /health whether it hangs together. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import type { DemoServer } from './http-server.ts';
import { listen, demoFiles } from './http-server.ts';

export interface Dashboard extends DemoServer {
  /** From now on /health answers nothing. Resolves at the first request that waits. */
  hang: () => Promise<void>;
  /** Answers again, and lets go of what waits. */
  resume: () => void;
}

/** Serves the web root `dir`, which may change under it at any time. */
export async function startDashboard(dir: string): Promise<Dashboard> {
  const files = demoFiles(dir);
  const waiting: ServerResponse[] = [];
  let onWait: (() => void) | null = null;
  const server = await listen((request, response) => {
    if (request.url !== '/health') {
      files(request, response);
    } else if (onWait === null) {
      answerHealth(dir, response);
    } else {
      waiting.push(response);
      onWait();
    }
  });
  return {
    ...server,
    hang: () =>
      new Promise((resolve) => {
        onWait = resolve;
      }),
    resume: () => {
      onWait = null;
      for (const response of waiting.splice(0)) answerHealth(dir, response);
    },
  };
}

function answerHealth(dir: string, response: ServerResponse): void {
  const missing = missingAssets(dir);
  const text = missing.length === 0 ? 'ok\n' : `index.html names what is not there: ${missing.join(', ')}\n`;
  response.writeHead(missing.length === 0 ? 200 : 500, { 'content-type': 'text/plain' }).end(text);
}

/** The assets that the page names and that are not there; the page itself, when it is missing. */
export function missingAssets(dir: string): string[] {
  const page = join(dir, 'index.html');
  if (!fs.existsSync(page)) return ['index.html'];
  const named = [...fs.readFileSync(page, 'utf8').matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
  return named.filter((address) => !fs.existsSync(join(dir, address)));
}
