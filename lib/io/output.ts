/**
 * Standard output and error of a program whose work does not depend on them. The reader of a pipe may go away (`| head`), a disk may
 * be full (`> FILE`), a terminal may vanish: the work is done to its end all the same, and what it would have said is dropped.
 */
import type { Writable } from 'node:stream';

export interface Output {
  /** Never throws. After the first failure nothing is written any more. */
  write: (text: string) => void;
}

/** `onLost` is called once, at the first failure, unless the reader has just gone away: that is the reader's own wish. */
export function output(stream: Writable, onLost: (error: Error) => void = () => undefined): Output {
  let isLost = false;
  const lose = (error: unknown): void => {
    if (isLost) return;
    isLost = true;
    if (error instanceof Error && !('code' in error && error.code === 'EPIPE')) onLost(error);
  };
  stream.on('error', lose);
  return {
    write: (text) => {
      if (isLost) return;
      try {
        stream.write(text);
      } catch (error) {
        // Files and devices are written at once, and Node 20 throws (ENOSPC of /dev/full).
        lose(error);
      }
    },
  };
}
