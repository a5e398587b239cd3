/** The journal of the updater as it is written, while the panel is open; the newest lines of it. */
import type { LogLine } from '../../lib/core/http-api/api-answers.ts';
import { keepLink } from './keep-link.ts';
import { addressOf, connectApi } from './requests.ts';
import { isLogLine } from './shapes.ts';
import { steadyStream } from './steady-stream.ts';
import type { Surroundings } from './surroundings.ts';
import { browser } from './surroundings.ts';
import type { Link, Watch } from './link.ts';

export interface LogsView {
  /** Oldest first, at most MOST_LINES. */
  lines: readonly LogLine[];
  /** Whether there were more, which are not kept. */
  isCut: boolean;
  link: Link;
}

export interface FollowOptions {
  base: string;
  query: string;
  on: (view: LogsView) => void;
  around?: Surroundings;
}

export const MOST_LINES = 1000;
const FIRST_LINES = '200';
/** Lines come one by one: a page does not have to draw each of them. */
const GATHER_MS = 50;

export function followLogs({ base, query, on, around = browser() }: FollowOptions): Watch {
  const api = connectApi(base, query, around);
  let lines: readonly LogLine[] = [];
  let isCut = false;
  let link: Link = { is: 'connecting' };
  let gathering: (() => void) | null = null;
  const next = keepLink({ now: around.now, hasAny: () => lines.length > 0, graceMs: () => 30_000 });
  const after = (): Record<string, string> => {
    const last = lines.at(-1);
    return last === undefined ? { lines: FIRST_LINES } : { cursor: last.cursor };
  };

  function add(fresh: readonly LogLine[]): void {
    const all = [...lines, ...fresh];
    isCut ||= all.length > MOST_LINES;
    lines = all.slice(-MOST_LINES);
  }

  function tellSoon(): void {
    gathering ??= around.after(GATHER_MS, () => {
      gathering = null;
      on({ lines, isCut, link });
    });
  }

  on({ lines, isCut, link });
  const stream = steadyStream({
    around,
    url: () => addressOf(base, 'logs', query, after()),
    event: 'line',
    take: (value) => {
      if (!isLogLine(value)) return false;
      add([value]);
      return true;
    },
    ask: () => api.logs(after()),
    takeAnswer: ({ lines: more }) => {
      add(more.filter(isLogLine));
    },
    openIsAnswer: true,
    quietMs: () => 60_000,
    on: (sign) => {
      link = next(link, sign);
      tellSoon();
    },
  });
  return {
    ...stream,
    close: () => {
      gathering?.();
      stream.close();
    },
  };
}
