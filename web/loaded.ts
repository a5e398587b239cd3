/** Whether this page is of a release that is not installed any more: that is so of the page, whatever becomes of its elements. */
import type { StatusAnswer } from '../lib/core/http-api/api-answers.ts';
import { replacedBy } from './model/replaced.ts';

/** What was installed at an address when it was first heard of in this page. */
const LOADED = new Map<string, string | null>();

/** As replacedBy, since this page was loaded. */
export function replacedSinceLoaded(address: string, status: StatusAnswer): string | null {
  if (!LOADED.has(address)) LOADED.set(address, status.current);
  return replacedBy(LOADED.get(address), status);
}
