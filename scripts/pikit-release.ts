import { runPikitRelease } from '../lib/release/cli/cli.ts';
import { secretTerminal } from '../lib/release/keys/secret-terminal.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { VERSION } from './updater-version.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
  });
}

const streams = standardStreams();
const surroundings = { version: VERSION, env: process.env, now: new Date(), signal: stop.signal, terminal: secretTerminal };
await runProgram(() => runPikitRelease(process.argv.slice(2), { ...surroundings, ...streams }), streams);
