import { freeSpace } from '../lib/io/disk.ts';
import { getDocument } from '../lib/io/document.ts';
import { withRetries } from '../lib/io/retry.ts';
import { readSourceToken } from '../lib/io/source-token.ts';
import { sourceOpener } from '../lib/io/source.ts';
import { wireOpener } from '../lib/io/wire.ts';
import type { NetworkDeps, StepDeps } from '../lib/steps/deps.ts';
import { VERSION } from './updater-version.ts';

/** The edges of check and fetch. What only a download needs is loaded when there is one. */
export function networkDeps(deps: StepDeps): NetworkDeps {
  const userAgent = `pikit-update/${VERSION}`;
  const { root, waits } = deps.paths;
  const openWire = wireOpener({ root, env: process.env, waitsFile: waits, byHand: !deps.byTimer });
  return {
    ...deps,
    userAgent,
    openWire,
    openSource: sourceOpener({ userAgent, openWire, readToken: () => readSourceToken(process.env, deps.paths.root) }),
    getDocument,
    withRetries,
    download: async () => (await import('../lib/io/download.ts')).download,
    unpackBundle: async () => (await import('../lib/io/archive.ts')).unpackBundle,
    freeSpace,
  };
}
