/** The page that the widget is in: whether the server has another one by now, and loading that. */
import { isDated, isOutdated } from './model/outdated.ts';

const DEADLINE_MS = 10_000;

let asked: Promise<boolean> | null = null;

/** Asks once for each page that is loaded. False where its server gives no dates, or does not answer: then nothing is known. */
export async function isOwnPageOutdated(): Promise<boolean> {
  asked ??= ask();
  return await asked;
}

async function ask(): Promise<boolean> {
  const { lastModified } = document;
  if (!location.protocol.startsWith('http') || !isDated(lastModified, Date.now())) return false;
  try {
    const response = await fetch(location.href, { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!response.ok || response.redirected) return false;
    return isOutdated(lastModified, { modified: response.headers.get('last-modified'), date: response.headers.get('date') });
  } catch {
    return false; // Safe to ignore: a page that cannot be asked for cannot be loaded anew either.
  }
}

const LOADED_ANEW = 'pikit-updates-loaded-anew';

/**
 * Whether the browser showed this page without asking its server: a tab of the last session, one from the history, or a page
 * that its server allowed to be kept. It is loaded anew once: a second page of the same date is left as it is.
 */
export function isDueAnew(): boolean {
  const [entry] = performance.getEntriesByType('navigation');
  if (!(entry instanceof PerformanceNavigationTiming) || entry.type === 'reload' || entry.transferSize > 0 || entry.workerStart > 0) return false;
  try {
    if (sessionStorage.getItem(LOADED_ANEW) === document.lastModified) return false;
    sessionStorage.setItem(LOADED_ANEW, document.lastModified);
    return true;
  } catch {
    return false; // Safe to ignore: without a memory it might be loaded for ever, and the dialog offers it.
  }
}

/** Loads the page anew, and before that its scripts and styles, which a browser may else take from its cache for the new page. */
export async function loadAnew(): Promise<void> {
  const all = performance.getEntriesByType('resource').map(({ name }) => new URL(name, location.href));
  const own = all.filter(({ origin, pathname }) => origin === location.origin && /\.(?:m?js|css)$/.test(pathname));
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const urls = new Set([location.href, ...own.map(({ href }) => href)]);
  await Promise.allSettled([...urls].map(async (url) => (await fetch(url, { cache: 'reload', signal })).blob()));
  location.reload();
}
