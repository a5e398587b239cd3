/**
 * For the package's postinst: takes over what an earlier version kept elsewhere or left to another user, and lets others than root know
 * at once what they may know, and not only after the next step that root runs. With the argument `settings`, before the folders change
 * hands: takes over the owner's choices, and does nothing else.
 */
import { resolve } from 'node:path';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { UpdateError } from '../lib/core/errors.ts';
import { devicePaths } from '../lib/core/paths.ts';
import { takeLock } from '../lib/io/lock.ts';
import { narrator } from '../lib/io/narrator.ts';
import { assertOwnRoot } from '../lib/io/own-root.ts';
import { stateFiles } from '../lib/io/state-file.ts';
import { takeOver, takeOverSettings } from '../lib/io/take-over.ts';
import { publish } from '../lib/steps/publish.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { placeOf } from './run-step.ts';

const streams = standardStreams();

async function publishNow(): Promise<void> {
  const root = resolve(process.env['PIKIT_ROOT'] ?? '/');
  assertOwnRoot(root);
  const paths = devicePaths(root);
  const narrate = narrator({ ...streams, toJournal: false });
  const files = stateFiles(paths, (message) => {
    narrate.warning(message);
  });
  const warn = (message: string): void => {
    narrate.warning(message);
  };
  if (process.argv[2] === 'settings') {
    takeOverSettings(paths, files, warn);
    return;
  }
  takeOver(paths, files, warn);
  const release = await takeLock(paths.lock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
  publish({ files, place: placeOf(paths), narrate }, 'recover', null);
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
