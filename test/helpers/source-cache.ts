/** What checks leave of a source in the cache of a device, without a check. */
import fs from 'node:fs';
import { sourceId } from '../../lib/core/device/source-cache.ts';
import type { CliDeps } from '../../lib/cli/deps.ts';
import { sha256 } from './archive-builder.ts';

/** Writes a document of the configured source, with the facts that make it usable. */
export function cacheDocument({ paths, loadConfig }: Pick<CliDeps, 'paths' | 'loadConfig'>, name: string, value: unknown): void {
  const text = JSON.stringify(value);
  const facts = { source: sourceId(loadConfig()), url: `http://127.0.0.1:9/${name}`, etag: null, last_modified: null, sha256: sha256(text) };
  fs.mkdirSync(`${paths.cacheDir}/source`, { recursive: true });
  fs.writeFileSync(`${paths.cacheDir}/source/${name}`, text);
  fs.writeFileSync(`${paths.cacheDir}/source/${name}.meta`, JSON.stringify(facts));
}
