/** A folder to download to and a server to download from, for the tests of lib/io/http/download.ts. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Downloaded, DownloadRequest } from '../../lib/io/http/download-request.ts';
import { download } from '../../lib/io/http/download.ts';
import { sha256 } from './archive-builder.ts';
import type { ReleaseServer } from './release-server.ts';
import { releaseServer } from './release-server.ts';
import { temporaryFolder } from './site-builder.ts';

/** 200 kB that are nowhere the same. */
export const BUNDLE = Buffer.from(Array.from({ length: 25_000 }, (_value, index) => String(index).padStart(8, '0')).join(''));

export interface DownloadBed {
  server: () => ReleaseServer;
  dir: () => string;
  /** A request as a manifest describes /bundle that has size and digest of BUNDLE. */
  request: (options?: Partial<DownloadRequest>) => DownloadRequest;
  /** Downloads /bundle so. */
  get: (options?: Partial<DownloadRequest>) => Promise<Downloaded>;
  /** Leaves what an interrupted download of the first bytes would have left. */
  leavePartial: (bytes: Buffer, validator: string | null, fields?: Record<string, unknown>) => void;
  /** What is in the folder: name and content. */
  files: () => Record<string, string>;
}

/** Sets both up before each test, and removes them after it. */
export function downloadBed(): DownloadBed {
  let server: ReleaseServer | null = null;
  let dir = '';
  beforeEach(async () => {
    server = await releaseServer();
    dir = temporaryFolder('download');
  });
  afterEach(async () => {
    await server?.close();
    fs.rmSync(dir, { recursive: true });
  });
  const running = (): ReleaseServer => {
    if (server === null) throw new Error('the server is not running');
    return server;
  };
  const request: DownloadBed['request'] = (options = {}) => ({
    what: 'the bundle',
    file: join(dir, 'bundle'),
    sizeBytes: BUNDLE.length,
    sha256: sha256(BUNDLE),
    maxBytes: 1_000_000,
    deadlineMs: 30_000,
    minRate: 0,
    maxRate: 0,
    signal: new AbortController().signal,
    userAgent: 'pikit-update/test',
    onProgress: () => undefined,
    ...options,
  });
  return {
    server: running,
    dir: () => dir,
    request,
    get: (options) => download(running().url('/bundle'), request(options)),
    leavePartial: (bytes, validator, fields = {}) => {
      fs.writeFileSync(join(dir, 'bundle.partial'), bytes);
      const facts = { url: running().url('/bundle').href, validator, sha256: sha256(BUNDLE), ...fields };
      fs.writeFileSync(join(dir, 'bundle.partial.json'), JSON.stringify(facts));
    },
    files: () => Object.fromEntries(fs.readdirSync(dir).map((name) => [name, fs.readFileSync(join(dir, name), 'latin1')])),
  };
}

/** What the folder holds after a download that succeeded. */
export const DONE = { bundle: BUNDLE.toString('latin1') };
