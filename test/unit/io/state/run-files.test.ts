import fs from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DevicePaths } from '../../../../lib/core/device/paths.ts';
import { devicePaths } from '../../../../lib/core/device/paths.ts';
import { stepBegun } from '../../../../lib/core/run/run-record.ts';
import type { RunFiles } from '../../../../lib/io/state/run-files.ts';
import { runFiles } from '../../../../lib/io/state/run-files.ts';
import { matching } from '../../../helpers/matchers.ts';
import { stepStart } from '../../../helpers/run-start.ts';
import { temporary } from '../../../helpers/device.ts';

const RECORD = stepBegun(null, stepStart('check'));
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

it('reads the update that was started by hand as the text of a link, which it does not follow', () => {
  const id = '0123456789abcdef'.repeat(2);
  expect(files.readBegun()).toBeNull();
  put(`${dirname(paths.begun)}/${id}`, 'not this');
  fs.symlinkSync(id, paths.begun);
  expect(files.readBegun()).toEqual({ id, at: fs.lstatSync(paths.begun).mtime.toISOString() });
  files.dropBegun();
  expect(fs.existsSync(paths.begun)).toBe(false);
  for (const text of ['../etc/passwd', `${id}0`, id.toUpperCase()]) {
    fs.symlinkSync(text, paths.begun);
    expect(files.readBegun()).toBeNull();
    files.dropBegun();
  }
  put(paths.begun, id);
  expect(files.readBegun()).toBeNull();
});

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
  expect(reports).toEqual([matching(/^timings\.json .*; moved it to '.*' and started a new one$/)]);
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
