/** `GET events`, and a start that is watched to its end: the status as events named `status`. */
import type { ServerResponse } from 'node:http';
import type { Run } from '../core/run/run.ts';
import type { Slot } from './event-streams.ts';
import type { Observer, Seen } from './observer.ts';

export interface StreamWatch {
  slot: Slot;
  response: ServerResponse;
  /** Of the last event that this client has seen. */
  lastId: string | null;
  /** Ends the stream when this run has ended; null to watch for as long as the client likes. */
  until: Run | null;
}

/** The status at once, unless the client has it already, then every change. Throws what the first look throws. */
export async function watchStatus(observer: Observer, { slot, response, lastId, until }: StreamWatch): Promise<void> {
  const first = await observer.look();
  const stream = slot.open(response);
  let last = lastId;
  const show = (seen: Seen): void => {
    if (seen.is === 'failure') {
      stream.send({ event: 'failure', id: null, data: seen.data });
      // That it is over is news, also when nothing has changed meanwhile.
      last = null;
      return;
    }
    if (seen.id === last) return;
    last = seen.id;
    stream.send({ event: 'status', id: seen.id, data: seen.data });
    if (until !== null && isOver(until, seen.status.run)) stream.end();
  };
  if (first.id === lastId) stream.comment('nothing has changed');
  show(first);
  if (stream.closed.aborted) return;
  stream.closed.addEventListener('abort', observer.subscribe(show), { once: true });
}

/** Also when another run has begun since: this one will not be seen again. */
function isOver(run: Run, seen: Run | null): boolean {
  return run.state === 'ended' || seen?.id !== run.id || seen.state === 'ended';
}
