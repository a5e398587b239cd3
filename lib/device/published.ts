/** What root has let everybody know, as far as it is still about the release that is installed. */
import type { Published } from '../core/published.ts';
import type { DeviceDeps } from './deps.ts';

/** Null when root never said anything, or said it of another release: a step that was killed has not come to saying it. */
export function publishedHere({ files }: Pick<DeviceDeps, 'files'>): Published | null {
  const published = files.readPublished();
  return published !== null && published.version === files.readVersion() ? published : null;
}
