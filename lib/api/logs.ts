/** `GET logs`: lines of the journal, or, as a stream, each new one as it is written. */
import type { ServerResponse } from 'node:http';
import type { LogsQuery } from '../core/api-requests.ts';
import { UpdateError, errorJson, toUpdateError } from '../core/errors.ts';
import type { JournalReader } from './deps.ts';
import type { Slot } from './event-streams.ts';

/** Throws NOT_FOUND in a folder. */
export function readable(journal: JournalReader | null): JournalReader {
  if (journal !== null) return journal;
  throw new UpdateError('NOT_FOUND', 'a folder has no journal', { hint: 'the history shows what happened here' });
}

/** Follows until the client goes, or is let go of because it does not read; then it can go on after its last cursor. */
export function followLogs(journal: JournalReader, query: LogsQuery, slot: Slot, response: ServerResponse): void {
  const stream = slot.open(response);
  const pass = async (): Promise<void> => {
    try {
      for await (const line of journal.follow(query, stream.closed)) {
        stream.send({ event: 'line', id: line.cursor, data: JSON.stringify(line) });
      }
    } catch (error) {
      stream.send({ event: 'failure', id: null, data: JSON.stringify({ error: errorJson(toUpdateError(error)) }) });
    }
    stream.end();
  };
  void pass();
}
