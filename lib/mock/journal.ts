/** The journal of the mock: what the file has, and a line for each phase that is played. */
import type { LogReader } from '../api/deps.ts';
import type { LogLine, StatusAnswer } from '../core/http-api/api-answers.ts';
import type { LogsQuery } from '../core/http-api/api-requests.ts';
import type { MockClock, Player } from './player.ts';
import type { MockStates } from './states.ts';

const KEPT_LINES = 1000;
const DEFAULT_LINES = 100;

export function mockJournal(states: MockStates, player: Player, clock: Pick<MockClock, 'now'>): LogReader {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let count = 0;
  let said = '';

  function write(line: Omit<LogLine, 'cursor' | 'time'>): void {
    count += 1;
    lines.push({ cursor: cursorOf(count), time: clock.now().toISOString(), ...line });
    lines.splice(0, lines.length - KEPT_LINES);
    for (const wake of [...waiting]) wake();
  }

  for (const line of states.journal) write(line);
  player.watch((status) => {
    const line = lineOf(status);
    if (line === null || line.message === said) return;
    said = line.message;
    write(line);
  });

  function found(query: LogsQuery): LogLine[] {
    const after = query.cursor === undefined ? 0 : numberOf(query.cursor);
    return lines.filter(({ cursor, unit }) => numberOf(cursor) > after && (query.unit === undefined || unit === query.unit));
  }

  return {
    read: (query) => {
      const { lines: wanted = DEFAULT_LINES, cursor } = query;
      const all = found(query);
      const some = cursor === undefined ? all.slice(-wanted) : all.slice(0, wanted);
      return Promise.resolve({ lines: some, cursor: some.at(-1)?.cursor ?? cursor ?? null });
    },
    follow: async function* (query, signal) {
      const old = query.cursor === undefined && query.lines !== undefined ? found(query).slice(-query.lines)[0] : undefined;
      let last = query.cursor ?? cursorOf(old === undefined ? count : numberOf(old.cursor) - 1);
      while (!signal.aborted) {
        const seen = count;
        for (const line of found({ ...query, cursor: last })) {
          last = line.cursor;
          yield line;
        }
        await more(seen, signal);
      }
    },
  };

  /** Resolves when there are more lines than these, or the wait was given up. */
  function more(seen: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      if (signal.aborted || seen < count) {
        resolve();
        return;
      }
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

/** As a real one looks. */
function cursorOf(count: number): string {
  return `s=1;i=${count.toString(16)};b=1;m=1;t=1;x=1`;
}

function numberOf(cursor: string): number {
  return Number.parseInt(/;i=([0-9a-f]+);/.exec(cursor)?.[1] ?? '0', 16);
}

function lineOf({ run, progress, last_result: last }: StatusAnswer): Omit<LogLine, 'cursor' | 'time'> | null {
  if (run?.state === 'running' && progress !== null) {
    return { unit: progress.step, priority: 6, message: `${progress.phase}${progress.version === null ? '' : ` ${progress.version}`}` };
  }
  if (run?.state !== 'ended' || last === null) return null;
  return { unit: last.step, priority: last.code === null ? 6 : 3, message: last.message };
}
