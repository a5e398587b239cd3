/** What `pikit-update-ask-root.service` runs, as the user `pikit-update`: asks the source for its root, and leaves the answer for root. */
import { printable } from '../lib/core/printable.ts';
import { answerWithRoot } from '../lib/io/source/asked-root.ts';
import { wireDevice } from './device-wiring.ts';
import { rootOfSource } from './root-of-source.ts';
import { runProgram, standardStreams } from './run-program.ts';

const streams = standardStreams();
const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
});

const warn = (message: string): void => {
  streams.err(`warning: ${printable(message)}\n`);
};
const noBus = (): Promise<never> => Promise.reject(new Error('this program has no bus'));
const { deps } = wireDevice({ warn, signal: stop.signal, systemd: noBus });
await runProgram(async () => {
  await answerWithRoot(deps.paths.asked, () => rootOfSource(deps, warn));
  return 0;
}, streams);
