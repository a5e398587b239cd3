/** What a person types, and what is piped in. */
import { createInterface } from 'node:readline';
import { UpdateError } from '../lib/core/errors.ts';

/** True for `y` or `yes`. Throws CANCELLED when the question is left by Ctrl-C or the end of the input. */
export function askOnTerminal(question: string, signal: AbortSignal): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  return new Promise((resolve, reject) => {
    const left = (): void => {
      reader.close();
      process.stdout.write('\n');
      reject(new UpdateError('CANCELLED', 'stopped before anything was changed'));
    };
    // A terminal in this mode hands Ctrl-C to the reader, not to the process.
    reader.once('SIGINT', left);
    signal.addEventListener('abort', left, { once: true });
    reader.once('close', left);
    reader.question(question, (answer) => {
      reader.off('close', left);
      signal.removeEventListener('abort', left);
      reader.close();
      resolve(/^y(?:es)?$/i.test(answer.trim()));
    });
  });
}

/** Standard input to its end. Throws RESPONSE_TOO_LARGE as soon as it has more than `maxBytes`. */
export async function readStandardInput(maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part));
    parts.push(bytes);
    size += bytes.length;
    if (size > maxBytes)
      throw new UpdateError('RESPONSE_TOO_LARGE', `standard input has more than ${String(maxBytes)} bytes`, { hint: 'a root.json is smaller' });
  }
  return Buffer.concat(parts);
}
