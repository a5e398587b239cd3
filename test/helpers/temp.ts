/** A temporary directory for each test of a file, removed after it. */
import { afterEach, beforeEach } from 'vitest';
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
