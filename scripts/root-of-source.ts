import type { ReaderDeps } from '../lib/device/deps.ts';
import { wireOpener } from '../lib/io/http/wire.ts';
import { sourceOpener } from '../lib/io/source/open-source.ts';
import { requestRoot } from '../lib/io/source/request-root.ts';
import { readSourceToken } from '../lib/io/source/source-token.ts';
import { VERSION } from './updater-version.ts';

/** The root that the source of this device has now, by the ways of the network steps: its proxy, its authorities, its token. */
export async function rootOfSource(deps: ReaderDeps, warn: (message: string) => void): Promise<{ bytes: Buffer; place: string }> {
  const userAgent = `pikit-update/${VERSION}`;
  const { root, waits } = deps.paths;
  const openWire = wireOpener({ root, env: process.env, waitsFile: waits, byHand: true });
  return await requestRoot({
    config: deps.loadConfig(),
    openSource: sourceOpener({ userAgent, openWire, readToken: () => readSourceToken(process.env, root) }),
    openWire,
    userAgent,
    signal: deps.signal,
    onRetry: (error) => {
      warn(`${error instanceof Error ? error.message : String(error)}; retrying`);
    },
  });
}
