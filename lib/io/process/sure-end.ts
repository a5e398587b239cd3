/**
 * A wait that ends. What is waited for may be lost: a library closes a socket and tells no one, an answer never comes, an exception
 * is thrown where only the event loop catches it. Node then ends the process in the middle of its work, with exit code 13 or a
 * stack trace, and nothing is recorded.
 */
import { UpdateError } from '../../core/errors.ts';

interface Wait {
  what: string;
  reject: (error: Error) => void;
}

/** Those that go on in this process, the innermost last. Of the process, as its events are: there is one of them. */
const waits: Wait[] = [];

/**
 * Settles as the work that it begins; throws INTERNAL when the event loop has nothing left that could settle it, and what was thrown outside of
 * any wait. Of several waits only the innermost ends, the one that was begun last: whatever is around it can undo what it has begun.
 */
export async function sureEnd<T>(what: string, begin: () => Promise<T>): Promise<T> {
  let leave = (): void => undefined;
  const lost = new Promise<never>((_resolve, reject) => {
    const wait = { what, reject };
    if (waits.length === 0) {
      process.on('beforeExit', onDry);
      process.on('uncaughtException', onThrown);
    }
    waits.push(wait);
    leave = () => {
      const at = waits.indexOf(wait);
      if (at >= 0) waits.splice(at, 1);
      if (waits.length > 0) return;
      process.off('beforeExit', onDry);
      process.off('uncaughtException', onThrown);
    };
  });
  try {
    return await Promise.race([begin(), lost]);
  } finally {
    leave();
  }
}

/** Emitted again whenever the event loop runs dry: each wait outwards has its turn. */
function onDry(): void {
  const innermost = waits.at(-1);
  innermost?.reject(
    new UpdateError('INTERNAL', `${innermost.what} did not end, and nothing is left to wait for`, {
      hint: 'this is a bug in the updater; please report it with the journal of this run',
    }),
  );
  // Keeps the process for what follows from that.
  setImmediate(() => undefined);
}

/** A promise that was rejected without a handler comes here as well. */
function onThrown(error: unknown): void {
  waits.at(-1)?.reject(error instanceof Error ? error : new Error(String(error)));
}
