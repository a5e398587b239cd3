/** What root has published, as far as it is still about the release that is installed. */
import type { PublicFacts } from '../core/device/public-facts.ts';
import type { ReaderDeps } from './deps.ts';

/** Null when root never said anything, or said it of another release: a step that was killed has not come to saying it. */
export function publishedHere({ files }: Pick<ReaderDeps, 'files'>): PublicFacts | null {
  const published = files.readPublished();
  return published !== null && published.version === files.readVersion() ? published : null;
}
