/**
 * For the package's postinst: takes over what an earlier version kept elsewhere or left to another user, and lets others than root know
 * at once what they may know, and not only after the next step that root runs. With the argument `settings`, before the folders change
 * hands: takes over the owner's choices, and does nothing else.
 */
import { EXIT } from '../lib/cli/exit-codes.ts';
import { UpdateError } from '../lib/core/errors.ts';
import { devicePaths } from '../lib/core/device/paths.ts';
import { takeLock } from '../lib/io/state/lock.ts';
import { openLog } from '../lib/io/log.ts';
import { ownRoot } from '../lib/io/state/own-root.ts';
import { stateFiles } from '../lib/io/state/state-files.ts';
import { takeOverLayout, takeOverSettings } from '../lib/io/state/take-over-layout.ts';
import { writePublicFacts } from '../lib/steps/outcome/write-public-facts.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { transactionPaths } from '../lib/transaction/transaction-paths.ts';

const streams = standardStreams();

async function publishNow(): Promise<void> {
  const root = ownRoot();
  const paths = devicePaths(root);
  const narrate = openLog({ ...streams, toJournal: false });
  const files = stateFiles(paths, (message) => {
    narrate.warning(message);
  });
  const warn = (message: string): void => {
    narrate.warning(message);
  };
  if (process.argv[2] === 'settings') {
    await takeOverSettings(paths, files, warn);
    return;
  }
  await takeOverLayout(paths, files, warn);
  const release = await takeLock(paths.lock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
  writePublicFacts({ files, place: transactionPaths(paths), paths, log: narrate }, 'recover', null);
  release();
}

await runProgram(async () => {
  try {
    await publishNow();
  } catch (error) {
    // A step that runs publishes at its own end.
    if (!(error instanceof UpdateError) || error.code !== 'BUSY') throw error;
  }
  return EXIT.ok;
}, streams);
