/** The root that the source has now, asked for by a unit that is not root: for the owner, who compares its fingerprints. */
import { UpdateError } from '../core/errors.ts';
import { ASK_ROOT_UNIT, takeAskedRoot } from '../io/source/asked-root.ts';
import type { ReaderDeps } from './deps.ts';

/** Throws what the unit has said, STEP_FAILED where it said nothing, CANCELLED when the owner left it, SYSTEMD_UNAVAILABLE. */
export async function askForRoot({
  paths,
  units,
  loadConfig,
  signal,
}: Pick<ReaderDeps, 'paths' | 'units' | 'loadConfig' | 'signal'>): Promise<{ bytes: Buffer; place: string }> {
  // A source that is not set, or wrong, is told without a unit.
  const place = `the source '${loadConfig().source.url}'`;
  const runner = await units();
  // Safe to ignore where it is refused: its own limit ends it.
  const stop = (): void => void runner.stop(ASK_ROOT_UNIT).catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = await runner.start(ASK_ROOT_UNIT);
    if (signal.aborted) throw new UpdateError('CANCELLED', 'stopped before anything was changed');
    return { bytes: takeAskedRoot(paths.asked, ended), place };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
