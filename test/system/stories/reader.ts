/**
 * A browser of the dashboard that never rests, for a device that is being updated: bundled, and run there. It loads pages
 * with all that they name, each by a connection of its own, and a tab stays open until the page has changed, and goes on to load what
 * its page named. The names of the assets carry the sha256 of what they have to hold.
 *
 * `node reader.js FIFO PAGE…`: writes its pid to the FIFO, ends at SIGTERM, and writes a Report to standard output.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { request } from 'node:http';

/** What the program writes. */
interface Report {
  /** Release to page loads. */
  loads: Record<string, number>;
  /** Loads that began on one release and ended on another. */
  straddled: number;
  /** Tabs that loaded the rest of their page when another release was there. */
  tabs: number;
  requests: number;
  failures: string[];
}

interface Answer {
  status: number;
  body: Buffer;
}

interface Page {
  address: string;
  release: string;
  assets: string[];
}

const ORIGIN = 'http://127.0.0.1';
const TIMEOUT_MS = 10_000;
const TYPE_AND_HASH = /-([0-9a-f]{16})\.\w+$/;

const [fifo = '', ...pages] = process.argv.slice(2);
const report: Report = { loads: {}, straddled: 0, tabs: 0, requests: 0, failures: [] };
const ended = new AbortController();

/** One connection for each request, so that none outlives a reload of nginx. */
function get(address: string): Promise<Answer> {
  report.requests += 1;
  return new Promise((resolve, reject) => {
    const asking = request(address, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${String(TIMEOUT_MS)} ms`)));
    asking.on('error', reject);
    asking.end();
  });
}

async function load(path: string): Promise<Page> {
  const address = new URL(path, ORIGIN).href;
  const { status, body } = await get(address);
  const text = body.toString();
  const release = /data-release="([^"]+)"/.exec(text)?.[1];
  if (status !== 200 || release === undefined) throw new Error(`'${path}' answered ${String(status)}: ${text.slice(0, 80)}`);
  return { address, release, assets: [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name) };
}

async function loadAssets(page: Page): Promise<void> {
  for (const name of page.assets) {
    const { status, body } = await get(new URL(name, page.address).href);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const isRight = status === 200 && TYPE_AND_HASH.exec(name)?.[1] === sha256.slice(0, 16);
    if (!isRight) report.failures.push(`'${page.address}' of ${page.release}: '${name}' answered ${String(status)}, ${String(body.length)} bytes`);
  }
}

/** Loads page after page. */
async function browse(): Promise<void> {
  while (!isEnded()) {
    for (const path of pages) {
      const page = await load(path);
      await loadAssets(page);
      report.loads[page.release] = (report.loads[page.release] ?? 0) + 1;
      if ((await load(path)).release !== page.release) report.straddled += 1;
    }
  }
}

/** Opens a page, and loads nothing that it names before it is of another release. */
async function keepTabOpen(path: string): Promise<void> {
  while (!isEnded()) {
    const page = await load(path);
    let now = page;
    while (now.release === page.release && !isEnded()) now = await load(path);
    await loadAssets(page);
    if (now.release !== page.release) report.tabs += 1;
  }
}

function isEnded(): boolean {
  return ended.signal.aborted;
}

async function tell(act: Promise<void>): Promise<void> {
  try {
    await act;
  } catch (error) {
    report.failures.push(error instanceof Error ? error.message : String(error));
  }
}

process.on('SIGTERM', () => {
  ended.abort();
});
fs.writeFileSync(fifo, String(process.pid));
await Promise.all([tell(browse()), tell(keepTabOpen(pages[0] ?? '/'))]);
process.stdout.write(JSON.stringify(report));
