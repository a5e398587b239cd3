import { join } from 'node:path';
import { freeSpace } from '../lib/io/disk.ts';
import { getDocument } from '../lib/io/http/document.ts';
import { compileWasmOnce } from '../lib/io/process/lean-wasm.ts';
import { withRetries } from '../lib/io/retry.ts';
import { readSourceToken } from '../lib/io/source/source-token.ts';
import { sourceOpener } from '../lib/io/source/open-source.ts';
import { TIMESYNC, clockSet } from '../lib/io/systemd/time-sync.ts';
import { wireOpener } from '../lib/io/http/wire.ts';
import type { NetworkDeps, StepDeps } from '../lib/steps/deps.ts';
import { metadataTools } from './metadata-tools.ts';
import { VERSION } from './updater-version.ts';

/** The edges of check and fetch. What only a download needs is loaded when there is one. */
export function networkDeps(deps: StepDeps): NetworkDeps {
  const userAgent = `pikit-update/${VERSION}`;
  const { root, waits } = deps.paths;
  const openWire = wireOpener({ root, env: process.env, waitsFile: waits, byHand: !deps.byTimer });
  return {
    ...deps,
    metadataTools,
    userAgent,
    openWire,
    openSource: sourceOpener({ userAgent, openWire, readToken: () => readSourceToken(process.env, deps.paths.root) }),
    getDocument,
    withRetries,
    download: async () => {
      compileWasmOnce();
      return (await import('../lib/io/http/download.ts')).download;
    },
    unpackBundle: async () => (await import('../lib/io/bundle/archive.ts')).unpackBundle,
    freeSpace,
    clockSet: (isRight, options) => clockSet(isRight, { ...options, dir: join(root, TIMESYNC) }),
  };
}
