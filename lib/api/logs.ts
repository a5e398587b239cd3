/** `GET logs`: lines of the journal, or, as a stream, each new one as it is written. */
import type { ServerResponse } from 'node:http';
import type { LogsQuery } from '../core/http-api/api-requests.ts';
import { UpdateError, errorJson, toUpdateError } from '../core/errors.ts';
import { printableJson } from '../core/printable.ts';
import { JournalCursor } from '../core/http-api/journal-line.ts';
import type { LogReader } from './deps.ts';
import type { Slot } from './event-streams.ts';

/** Throws NOT_FOUND in a folder. */
export function readable(journal: LogReader | null): LogReader {
  if (journal !== null) return journal;
  throw new UpdateError('NOT_FOUND', 'a device in a folder has no log', { hint: 'the history shows what happened' });
}

/** A browser that reconnects asks for the same address, and names the last line that it had. */
export function goingOn(query: LogsQuery, lastId: string | null): LogsQuery {
  const cursor = JournalCursor.safeParse(lastId);
  return cursor.success ? { ...query, cursor: cursor.data } : query;
}

/** Follows as fast as the client reads, until it goes, or is let go of because it does not; then it can go on after its last cursor. */
export function followLogs(journal: LogReader, query: LogsQuery, slot: Slot, response: ServerResponse): void {
  const stream = slot.open(response);
  const pass = async (): Promise<void> => {
    try {
      for await (const line of journal.follow(query, stream.closed)) {
        stream.send({ event: 'line', id: line.cursor, data: printableJson(line) });
        await stream.drained();
        if (stream.closed.aborted) break;
      }
    } catch (error) {
      stream.send({ event: 'failure', id: null, data: printableJson({ error: errorJson(toUpdateError(error)) }) });
    }
    stream.end();
  };
  void pass();
}
