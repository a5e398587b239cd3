/** Temporary directories of tests, removed after them. */
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, onTestFinished } from 'vitest';
import { removeDir, tempDir } from './tree.ts';

/** Call once per file; the answer is the directory of the test that is running. */
export function useTempDir(): () => string {
  let dir = '';
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => {
    removeDir(dir);
  });
  return () => dir;
}

/** To be called in a test, or before each: a new directory on a disk, which goes when the test has ended. */
export function folderOfTest(name: string): string {
  const dir = fs.mkdtempSync(join(os.tmpdir(), `pikit-${name}-`));
  onTestFinished(() => {
    fs.rmSync(dir, { recursive: true });
  });
  return dir;
}
