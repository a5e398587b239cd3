/** A client that uses the update API on a device, through its web server: curl, as it is installed there. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { Run } from '../../lib/core/run/run.ts';
import type { Device } from './container.ts';

export interface ApiAnswer {
  status: number;
  /** In lower case. */
  headers: Readonly<Record<string, string>>;
  /** JSON where it is JSON. */
  body: unknown;
}

export interface ApiEvent {
  event: string;
  id: string | null;
  data: unknown;
}

/** A stream of events that is being read. */
export interface ApiEvents {
  seen: ApiEvent[];
  /** The runs of the events named `status`, in order. */
  runs: () => Run[];
  /** Resolves to the first event that fits, those before this call included. Throws when the stream ends, or at the deadline. */
  until: (fits: (event: ApiEvent) => boolean) => Promise<ApiEvent>;
  untilRun: (fits: (run: Run) => boolean) => Promise<Run>;
  /** Resolves when the server has ended it, or the connection broke. */
  ended: Promise<void>;
  /** Goes away, and resolves when it has. */
  stop: () => Promise<void>;
}

export interface ApiOptions {
  headers?: Readonly<Record<string, string>>;
  /** Further arguments for curl. */
  curl?: readonly string[];
}

export interface ApiClient {
  get: (path: string, options?: ApiOptions) => Promise<ApiAnswer>;
  post: (path: string, body?: unknown, options?: ApiOptions) => Promise<ApiAnswer>;
  /** The events of `GET path`, or, with a body, of `POST path`. */
  events: (path: string, body?: unknown, options?: ApiOptions) => ApiEvents;
  /** Watches until a run has ended, and returns it; comes back when the stream breaks, as a browser does. */
  runEnds: (id: string) => Promise<Run>;
}

const DEADLINE_MS = 120_000;
const WithRun = z.looseObject({ run: Run.nullable() });

/** The run in an answer or an event; throws when there is none. */
export function runIn(value: unknown): Run {
  const { run } = WithRun.parse(value);
  if (run === null) throw new Error('there is no run in it');
  return run;
}

export function apiClient(device: Device, base = 'http://127.0.0.1'): ApiClient {
  const command = (path: string, body: unknown, { headers = {}, curl = [] }: ApiOptions): string[] => {
    const all = { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers };
    return [
      ...['curl', '--silent', '--show-error', '--max-time', String(DEADLINE_MS / 1000), ...curl],
      ...Object.entries(all).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
      ...(body === undefined ? [] : ['--data-binary', typeof body === 'string' ? body : JSON.stringify(body)]),
      path.startsWith('http') ? path : `${base}/api/update/${path}`,
    ];
  };
  const ask = async (path: string, body: unknown, options: ApiOptions): Promise<ApiAnswer> => {
    const { exitCode, stdout, stderr } = await device.exec([...command(path, body, options), '--include']);
    if (exitCode !== 0) throw new Error(`curl ${path}: exit status ${String(exitCode)}\n${stderr}`);
    return parseAnswer(stdout);
  };
  const events: ApiClient['events'] = (path, body, options = {}) => {
    const headers = { Accept: 'text/event-stream', ...options.headers };
    return readEvents(device.id, [...command(path, body, { ...options, headers }), '--no-buffer']);
  };
  return {
    get: (path, options = {}) => ask(path, undefined, options),
    post: (path, body = {}, options = {}) => ask(path, body, options),
    events,
    runEnds: async (id) => {
      for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline;) {
        const watched = events('events', undefined, { curl: ['--retry', '20', '--retry-delay', '1', '--retry-connrefused'] });
        const found = await Promise.race([watched.untilRun((run) => run.id === id && run.state === 'ended'), watched.ended]).catch(() => undefined);
        await watched.stop();
        if (found !== undefined) return found;
      }
      throw new Error(`the run ${id} did not end`);
    },
  };
}

function parseAnswer(text: string): ApiAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  const body = text.slice(end + 4);
  const isJson = headers['content-type']?.startsWith('application/json') === true;
  return { status: Number(first.split(' ')[1]), headers, body: isJson ? JSON.parse(body) : body };
}

/** Runs a command until it ends, or until our end of its input is closed: what runs in a container does not notice that we have gone. */
const UNTIL_TOLD = 'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; { read _ <&3; kill $pid; } >/dev/null 2>&1 & wait $pid';

function readEvents(container: string, curl: readonly string[]): ApiEvents {
  const child = spawn('docker', ['exec', '--interactive', container, 'sh', '-c', UNTIL_TOLD, 'sh', ...curl], { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const seen: ApiEvent[] = [];
  const other: string[] = [];
  let listeners: (() => void)[] = [];
  let isOver = false;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  let fields: Record<string, string> = {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line !== '') {
      const [, name, value] = /^(event|id|data): ?(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) other.push(line);
      else fields[name] = value;
      return;
    }
    if (fields['data'] !== undefined) {
      seen.push({ event: fields['event'] ?? 'message', id: fields['id'] ?? null, data: JSON.parse(fields['data']) });
      tell();
    }
    fields = {};
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      isOver = true;
      tell();
      resolve();
    });
  });

  const until: ApiEvents['until'] = async (fits) => {
    let from = 0;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        fail(`within ${String(DEADLINE_MS)} ms`);
      }, DEADLINE_MS);
      const leave = (): void => {
        clearTimeout(timer);
        listeners = listeners.filter((one) => one !== look);
      };
      const fail = (why: string): void => {
        leave();
        const last = seen.slice(-3).map((event) => JSON.stringify(event).slice(0, 2000));
        reject(new Error(`the event that was waited for did not come ${why}; last:\n${[...other.slice(-5), complaints, ...last].join('\n')}`));
      };
      const look = (): void => {
        for (; from < seen.length; from += 1) {
          const event = seen[from];
          if (event === undefined || !fits(event)) continue;
          leave();
          resolve(event);
          return;
        }
        if (isOver) fail('before the stream ended');
      };
      listeners.push(look);
      look();
    });
  };
  const runOf = (event: ApiEvent): Run | null => (event.event === 'status' ? WithRun.parse(event.data).run : null);
  return {
    seen,
    runs: () => seen.map(runOf).filter((run) => run !== null),
    until,
    untilRun: async (fits) => {
      const found = await until((event) => {
        const run = runOf(event);
        return run !== null && fits(run);
      });
      return runIn(found.data);
    },
    ended,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const RANK = { waiting: 0, running: 1, done: 2, skipped: 2, failed: 2, cancelled: 2 } as const;

/** What is wrong with one run as a client saw it over time: nothing goes back, and nothing is complete before the end. */
export function inconsistencies(runs: readonly Run[]): string[] {
  const found: string[] = [];
  for (const [index, run] of runs.entries()) {
    if (run.state === 'running' && run.percent === 100) found.push(`100% before the end in event ${String(index)}`);
    const before = runs[index - 1];
    // Before its end nothing else takes its place.
    if (before?.state === 'running' && before.id !== run.id && run.state === 'running') found.push(`${before.id} gave way to ${run.id}`);
    if (before?.id !== run.id) continue;
    // Other members of the status may change when it has ended, such as when the next check is.
    const [was, is] = [JSON.stringify(before), JSON.stringify(run)];
    if (before.state === 'ended' && was !== is) found.push(`event ${String(index)} after the end: ${was} became ${is}`);
    // A check of the timer that finds nothing is no more than that.
    const isNarrowed = run.kind === 'check' && run.state === 'ended';
    // Its unit tells when it began until its program does, a moment later.
    const isSameStart = Math.abs(Date.parse(before.started) - Date.parse(run.started)) < 5000;
    if (!isSameStart || (before.kind !== run.kind && !isNarrowed))
      found.push(`${before.kind} from ${before.started} became ${run.kind} from ${run.started}`);
    if (run.state === 'running' && before.percent !== null && (run.percent ?? 0) < before.percent) {
      found.push(`percent went from ${String(before.percent)} to ${String(run.percent)}`);
    }
    if (before.seconds_left !== null && run.seconds_left !== null && run.seconds_left > before.seconds_left) {
      found.push(`seconds left went from ${String(before.seconds_left)} to ${String(run.seconds_left)}`);
    }
    for (const step of before.steps) {
      const now = run.steps.find((one) => one.step === step.step);
      // One that waited for another that did not do its part never comes.
      if (now === undefined && step.state === 'waiting' && run.state === 'ended') continue;
      if (now === undefined) found.push(`the step ${step.step} is gone`);
      else if (RANK[now.state] < RANK[step.state]) found.push(`${step.step} went from ${step.state} to ${now.state}`);
    }
  }
  return found;
}
