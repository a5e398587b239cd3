/** The status of the device as it changes, and how sure that is, while the page is visible. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { keepLink } from './keep-link.ts';
import { addressOf, connectApi } from './requests.ts';
import { isStatus } from './shapes.ts';
import type { Link, Sign, Watch } from './link.ts';
import { steadyStream } from './steady-stream.ts';
import type { Surroundings } from './surroundings.ts';
import { browser } from './surroundings.ts';

export interface WatchOptions {
  /** As the attribute `api` has it. */
  base: string;
  /** Added to each request; may be empty. */
  query: string;
  /** A single look, and no stream. */
  once: boolean;
  /** The last status that is known, and how sure it is: at once, and whenever there is a sign of either. */
  on: (status: StatusAnswer | null, link: Link) => void;
  around?: Surroundings;
}

const SLOW_MS = 8000;
/** Less than half a minute, which the fifth attempt comes after: the next one would come after a minute. */
const GRACE_MS = 25_000;
const RUNNING_GRACE_MS = 120_000;

export function watchStatus({ base, query, once, on, around = browser() }: WatchOptions): Watch {
  const api = connectApi(base, query, around);
  let status: StatusAnswer | null = null;
  let link: Link = { is: 'connecting' };
  let takeBack = (): void => undefined;
  const isRunning = (): boolean => status?.run?.state === 'running';
  const next = keepLink({ now: around.now, hasAny: () => status !== null, graceMs: () => (isRunning() ? RUNNING_GRACE_MS : GRACE_MS) });

  function tell(now: Link): void {
    link = now;
    on(status, link);
  }

  function onSign(sign: Sign): void {
    if (sign !== 'doubt') takeBack();
    const now = next(link, sign);
    if (now !== link) tell(now);
  }

  /** Nothing is there to show: what is waited for is said, and for how long already. */
  function begin(): void {
    takeBack();
    tell(status === null ? { is: 'connecting' } : link);
    takeBack = around.after(SLOW_MS, () => {
      if (link.is === 'connecting') tell({ is: 'slow' });
    });
  }

  function take(value: unknown): boolean {
    if (!isStatus(value)) return false;
    status = value;
    return true;
  }

  async function look(): Promise<void> {
    const answer = await api.status();
    if (answer.is === 'ok') status = answer.value;
    if (!isClosed) onSign(answer.is === 'ok' ? 'answer' : answer.failure);
  }

  let isClosed = false;
  let stream: Watch | null = null;
  begin();
  if (once) void look();
  else {
    stream = steadyStream({
      around,
      url: () => addressOf(base, 'events', query),
      event: 'status',
      take,
      ask: api.status,
      takeAnswer: take,
      openIsAnswer: false,
      quietMs: () => (isRunning() ? 15_000 : 60_000),
      on: onSign,
    });
  }
  return {
    close: () => {
      isClosed = true;
      takeBack();
      stream?.close();
    },
    retry: () => {
      begin();
      if (stream === null) void look();
      else stream.retry();
    },
    look: () => {
      if (stream === null) void look();
      else stream.look();
    },
  };
}
