/** One release from the source into its staging folder: room, bundle, tree; each verified against the manifest. */
import fs from 'node:fs';
import { STABLE } from '../../core/release/branches.ts';
import type { Config } from '../../core/device/config.ts';
import { unpackedLimit } from '../../core/device/config.ts';
import { UpdateError, toUpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName, parseManifest, sameRelease } from '../../core/release/manifest.ts';
import { percentOf } from '../../core/run/progress.ts';
import { formatBytes } from '../../core/quantities.ts';
import { bundlePath } from '../../core/release/site-layout.ts';
import type { Downloaded } from '../../io/http/download-request.ts';
import { holdsBytes, lstatOrNull } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { sweep } from '../../transaction/files/sweep.ts';
import type { NetworkDeps } from '../deps.ts';
import { assertSpaceForDownload } from './download-space.ts';
import type { FoundRelease } from './release-source.ts';
import { dropStagingFolders, stagingDir } from '../staging/staging.ts';
import { unfitTargets } from './unfit-targets.ts';
import { withSourceHint } from './with-hint.ts';

const BUNDLE = 'bundle.tar.gz';

/**
 * Leaves `tree/` complete and verified, or throws: DEST_UNSAFE, DEST_TYPE, NO_SPACE or NO_INODES before the first byte, network and status codes, and
 * what speaks against the bundle. What came of a bundle stays for the next try, unless it is wrong or has filled the disk.
 */
export async function downloadRelease(deps: NetworkDeps, config: Config, { manifest }: FoundRelease): Promise<void> {
  const dir = stagingDir(deps, manifest.version);
  const bundle = `${dir}/${BUNDLE}`;
  const unfit = unfitTargets(deps, config, manifest);
  if (unfit !== null) throw unfit;
  // Root, by hand, must not write where a link leads.
  if (lstatOrNull(dir)?.isDirectory() === false) sweep(deps.paths.cacheDir, [manifest.version]);
  mkdirDurable(dir, 0o755);
  sweep(dir, ['tree', 'tree.partial'], 'refuse');
  const isHere = manifest.bundle?.sha256 !== undefined && holdsBytes(bundle, { sha256: manifest.bundle.sha256 });
  if (!isHere) sweep(dir, [BUNDLE], 'refuse');
  assertSpaceForDownload(deps, config, manifest, bundle);
  try {
    if (isHere) deps.log.info(`using the bundle of ${manifest.version} downloaded earlier`);
    else await downloadBundle(deps, config, manifest, bundle);
    await unpackBundle(deps, config, manifest, bundle);
  } catch (error) {
    // A disk without any room takes more down than this update: the download can come again.
    if (toUpdateError(error).code === 'NO_SPACE') dropStagingFolders(deps, null);
    throw withSourceHint(error);
  }
  fs.renameSync(`${dir}/tree.partial`, `${dir}/tree`);
}

async function downloadBundle(deps: NetworkDeps, config: Config, manifest: Manifest, file: string): Promise<void> {
  const size = manifest.bundle?.size;
  const { name, mostRetries } = deps.openSource(config);
  deps.log.info(`downloading ${size === undefined ? 'the bundle' : formatBytes(size)} of ${manifest.version} from '${name}'`);
  const started = performance.now();
  let received = 0;
  const { resumed } = await deps.withRetries(
    async () => {
      const done = await downloadOnce(deps, config, manifest, file);
      received += done.received;
      return done;
    },
    {
      retries: Math.min(config.limits.retries, mostRetries),
      signal: deps.signal,
      onRetry: (error) => {
        deps.log.warning(`${error instanceof Error ? error.message : String(error)}; retrying from where it stopped`);
      },
    },
  );
  const seconds = Math.max(0.001, (performance.now() - started) / 1000);
  const kept = resumed > 0 ? `, resumed after ${formatBytes(resumed)}` : '';
  deps.log.info(`downloaded ${formatBytes(received)} as one bundle (${formatBytes(Math.round(received / seconds))}/s)${kept}`);
}

async function downloadOnce(deps: NetworkDeps, config: Config, manifest: Manifest, file: string): Promise<Downloaded> {
  const { limits } = config;
  const { version, bundle } = manifest;
  const what = `the bundle of ${version}`;
  const located = await deps
    .openSource(config)
    .locate(bundlePath(bundleName(manifest)), { branch: manifest.branch ?? STABLE, what, signal: deps.signal });
  const download = await deps.download();
  return await download(located.url, {
    what,
    file,
    headers: located.headers,
    sizeBytes: bundle?.size ?? null,
    sha256: bundle?.sha256 ?? null,
    maxBytes: limits.bundle_bytes,
    deadlineMs: limits.download_timeout,
    minRate: limits.download_min_rate,
    maxRate: limits.download_rate,
    signal: deps.signal,
    userAgent: deps.userAgent,
    isGzip: true,
    wire: deps.openWire(config),
    onProgress: (bytes, total, ratePerS) => {
      const percent = percentOf(bytes, total);
      deps.report({ phase: 'downloading', version, bytes, totalBytes: total, percent, rateBytesPerS: ratePerS, canCancel: true });
    },
  });
}

async function unpackBundle(deps: NetworkDeps, config: Config, manifest: Manifest, bundle: string): Promise<void> {
  const { version } = manifest;
  deps.report({ phase: 'unpacking', version, canCancel: true });
  const unpack = await deps.unpackBundle();
  try {
    const inner = await unpack({
      bundle,
      files: manifest.files,
      into: `${stagingDir(deps, version)}/tree.partial`,
      limits: { unpackedBytes: unpackedLimit(config) },
      signal: deps.signal,
      onProgress: (bytes, total) => {
        deps.report({ phase: 'unpacking', version, bytes, totalBytes: total, percent: percentOf(bytes, total), canCancel: true });
      },
    });
    if (inner.manifestBytes === null || sameRelease(manifest, parseManifest(inner.manifestBytes, 'the manifest in the bundle'))) return;
    throw new UpdateError(
      'BUNDLE_INVALID',
      `the manifest inside the bundle of ${version} describes a different release than the manifest on the server`,
    );
  } catch (error) {
    // Kept, a bundle that cannot be unpacked would be found again at the next try.
    if (!deps.signal.aborted) sweep(stagingDir(deps, version), [BUNDLE], 'refuse');
    throw error;
  }
}
