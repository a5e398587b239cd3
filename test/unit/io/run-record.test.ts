import fs from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DevicePaths } from '../../../lib/core/paths.ts';
import { devicePaths } from '../../../lib/core/paths.ts';
import { stepBegun } from '../../../lib/core/run-record.ts';
import type { RunFiles } from '../../../lib/io/run-record.ts';
import { runFiles } from '../../../lib/io/run-record.ts';
import { matching } from '../../helpers/matchers.ts';
import { temporary } from '../../helpers/device.ts';

const RECORD = stepBegun(null, {
  step: 'check',
  invocation: 'check-1',
  pid: 7,
  at: new Date('2026-11-20T10:00:00.000Z'),
  byTimer: true,
  token: null,
});
const NO_TIMES = { schema: 1, check: [], fetch: [] } as const;

let paths: DevicePaths;
let files: RunFiles;
let reports: string[];
beforeEach(() => {
  paths = devicePaths(temporary());
  reports = [];
  const report = (message: string): void => void reports.push(message);
  files = runFiles(paths, report, () => ({ owner: null, report }));
});

function put(path: string, text: string): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, text);
}

it('keeps the record and the times', () => {
  expect([files.readRunRecord(), files.readTimings()]).toEqual([null, NO_TIMES]);
  files.writeRunRecord(RECORD);
  files.writeTimings({ ...NO_TIMES, check: [5], fetch: [] });
  expect([files.readRunRecord(), files.readTimings()]).toEqual([RECORD, { ...NO_TIMES, check: [5] }]);
});

it('does without damaged ones, and says so of what outlives a start', () => {
  put(paths.runRecord, '{');
  put(paths.timings, '{"schema":2}');
  expect([files.readRunRecord(), files.readTimings()]).toEqual([null, NO_TIMES]);
  expect(reports).toEqual([matching(/^timings\.json .*, ignoring$/)]);
});

it('writes nothing that it could not read', () => {
  expect(() => {
    files.writeRunRecord({ ...RECORD, steps: [] });
  }).toThrow();
  expect(fs.existsSync(paths.runRecord)).toBe(false);
});

describe('peekToken', () => {
  it('reads a token and leaves it where it is', () => {
    const token = { run: 'x', until: 'apply', by: 'timer' } as const;
    put(`${paths.granted}/fetch`, JSON.stringify(token));
    expect(files.peekToken('granted', 'fetch')).toEqual(token);
    expect(files.peekToken('granted', 'fetch')).toEqual(token);
    expect([files.peekToken('next', 'fetch'), files.peekToken('granted', 'apply')]).toEqual([null, null]);
  });

  it('leaves a damaged one to the step that takes it', () => {
    put(`${paths.next}/apply`, 'x');
    expect(files.peekToken('next', 'apply')).toBeNull();
    expect([fs.readFileSync(`${paths.next}/apply`, 'utf8'), reports]).toEqual(['x', []]);
  });
});
