/** The record of the run that is going on or was the last one, and how long steps took. Both can be lost without harm. */
import type { DevicePaths } from '../core/paths.ts';
import { tokenPath } from '../core/paths.ts';
import { RunRecord } from '../core/run-record.ts';
import { Token } from '../core/state.ts';
import { Timings } from '../core/timings.ts';
import type { Report, Shared } from './json-file.ts';
import { readJsonFile, readOrSetAside, writeLossy, writeOwned } from './json-file.ts';

export interface RunFiles {
  /** Null when there was no run since the start of the device, and when the file is damaged. */
  readRunRecord: () => RunRecord | null;
  writeRunRecord: (record: RunRecord) => void;
  /** Empty when the file is not there, or damaged. */
  readTimings: () => Timings;
  writeTimings: (timings: Timings) => void;
  /** What the token for a step says, in next/ or in granted/, without taking it; null when there is none that can be read. */
  peekToken: (where: 'next' | 'granted', step: Token['until']) => Token | null;
}

/** `shared`: what the user of the network steps writes as well. */
export function runFiles(paths: DevicePaths, report: Report, shared: () => Shared): RunFiles {
  return {
    // As progress.json: nobody misses it, and the next step writes it anew.
    readRunRecord: () => readOrSetAside(paths.runRecord, RunRecord, 'run.json', () => undefined),
    writeRunRecord: (record) => {
      writeLossy(paths.runRecord, RunRecord.parse(record), shared());
    },
    readTimings: () => readOrSetAside(paths.timings, Timings, 'timings.json', report) ?? { schema: 1, check: [], fetch: [] },
    writeTimings: (timings) => {
      writeOwned(paths.timings, Timings.parse(timings), 0o644, shared());
    },
    peekToken: (where, step) => {
      try {
        return readJsonFile(tokenPath(paths, where, step), Token, `the token ${where}/${step}`);
      } catch {
        // Safe to ignore: the step that takes it tells what is wrong with it.
        return null;
      }
    },
  };
}
