/** The widget and its page, as the build has put them beside the programs. */
import fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';

/** Reads a file of `dir` by its plain name; null when it is not there. */
export function webFiles(dir: string): (name: string) => string | null {
  return (name) => {
    try {
      return fs.readFileSync(join(dir, name), 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
      throw error;
    }
  };
}
