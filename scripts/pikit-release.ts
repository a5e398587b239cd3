import { runPikitRelease } from '../lib/release/cli.ts';
import { VERSION } from './updater-version.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
  });
}

process.exitCode = await runPikitRelease(process.argv.slice(2), {
  version: VERSION,
  env: process.env,
  now: new Date(),
  signal: stop.signal,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
