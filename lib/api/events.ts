/** `GET events`, and a start that is watched to its end: the status as events named `status`. */
import type { ServerResponse } from 'node:http';
import { UpdateError, errorJson } from '../core/errors.ts';
import { printableJson } from '../core/printable.ts';
import type { Run } from '../core/run.ts';
import { QUEUED_RUN } from '../core/run.ts';
import type { Slot } from './event-streams.ts';
import type { Observer, Seen } from './observer.ts';

export interface Watch {
  slot: Slot;
  response: ServerResponse;
  /** Of the last event that this client has seen. */
  lastId: string | null;
  /** Ends the stream when this run has ended; null to watch for as long as the client likes. */
  until: Run | null;
}

/** The status at once, unless the client has it already, then every change. Throws what the first look throws. */
export async function watchStatus(observer: Observer, { slot, response, lastId, until }: Watch): Promise<void> {
  const first = await observer.look();
  const stream = slot.open(response);
  let last = lastId;
  let awaited = until;
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
    const { run } = seen.status;
    if (awaited === null) return;
    if (awaited.id === QUEUED_RUN) {
      if (run?.id === QUEUED_RUN) return;
      if (run === null || isOlder(run, awaited)) {
        stream.send({ event: 'failure', id: null, data: printableJson({ error: errorJson(TAKEN_BACK) }) });
        stream.end();
        return;
      }
      awaited = run;
    }
    if (isOver(awaited, run)) stream.end();
  };
  if (first.id === lastId) stream.comment('nothing has changed');
  show(first);
  if (stream.closed.aborted) return;
  stream.closed.addEventListener('abort', observer.subscribe(show), { once: true });
}

const TAKEN_BACK = new UpdateError('CANCELLED', 'what was queued was taken back before it had begun', { hint: 'start it again whenever you like' });

/** Over before that one was queued. */
function isOlder({ state, started, ended }: Run, queued: Run): boolean {
  return state === 'ended' && (ended ?? started) < queued.started;
}

/** Also when another run has begun since: this one will not be seen again. One that is only queued says nothing about it. */
function isOver(run: Run, seen: Run | null): boolean {
  if (run.state === 'ended' || seen === null) return true;
  return seen.id === run.id ? seen.state === 'ended' : seen.id !== QUEUED_RUN;
}
