/** The record of the run that is going on or was the last one, and how long steps took. Both can be lost without harm. */
import fs from 'node:fs';
import type { DevicePaths } from '../../core/device/paths.ts';
import { tokenPath } from '../../core/device/paths.ts';
import type { Begun } from '../../core/run/run-record.ts';
import { RunRecord } from '../../core/run/run-record.ts';
import { Token } from '../../core/device/state.ts';
import { Timings } from '../../core/run/timings.ts';
import type { ReportWarning, Shared } from './json-file.ts';
import { readJsonFile, readOrSetAside, removeOwned, writeLossy, writeOwned } from './json-file.ts';

export interface RunFiles {
  /** Null when there was no run since the start of the device, and when the file is damaged. */
  readRunRecord: () => RunRecord | null;
  writeRunRecord: (record: RunRecord) => void;
  /** The update that was started by hand and has no step yet; null when there is none. */
  readBegun: () => Begun | null;
  dropBegun: () => void;
  /** Empty when the file is not there, or damaged. */
  readTimings: () => Timings;
  writeTimings: (timings: Timings) => void;
  /** What the token for a step says, in next/ or in granted/, without taking it; null when there is none that can be read. */
  peekToken: (where: 'next' | 'granted', step: Token['until']) => Token | null;
}

const INVOCATION = /^[0-9a-f]{32}$/;

/** `shared`: what the user of the network steps writes as well. */
export function runFiles(paths: DevicePaths, report: ReportWarning, shared: () => Shared): RunFiles {
  return {
    // As progress.json: safe to lose, and the next step writes it again.
    readRunRecord: () => readOrSetAside(paths.runRecord, RunRecord, 'run.json', () => undefined),
    writeRunRecord: (record) => {
      writeLossy(paths.runRecord, RunRecord.parse(record), shared());
    },
    readBegun: () => {
      try {
        const id = fs.readlinkSync(paths.begun);
        return INVOCATION.test(id) ? { id, at: fs.lstatSync(paths.begun).mtime.toISOString() } : null;
      } catch {
        // Safe to ignore: it is for display alone, and was taken by the step that it is for.
        return null;
      }
    },
    dropBegun: () => {
      removeOwned(paths.begun, report);
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
