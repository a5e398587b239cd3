/**
 * The units of this device for a process that outlives the bus (the HTTP API): dbus-next neither reconnects nor times out.
 * A lost connection is made again by the next call, or at once while a follower is registered.
 */
import { UpdateError } from '../../core/errors.ts';
import { shareRequests } from '../bus/share-requests.ts';
import type { QueueJob, Systemd } from '../bus/systemd.ts';
import { connectSystemd } from '../bus/systemd.ts';
import type { JobResult, UnitRunner } from './unit-runner.ts';
import { unitCalls } from './unit-runner.ts';

/** Between two attempts while a follower is registered: at first, and at most. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
/** A call sooner than this after a failed attempt gets its error: many calls are one attempt. */
const ASK_AGAIN_MS = 500;
/** A request over HTTP waits no longer than this for systemd. */
const CALL_TIMEOUT_MS = 10_000;

export interface ReconnectingOptions {
  firstRetryMs?: number;
  callTimeoutMs?: number;
  /** Queues jobs in place of this process, which may not, and resolves with the path of each. */
  queue?: QueueJob | null;
}

export interface ReconnectingUnits extends UnitRunner {
  /** Waits for a start of this unit that `queue` has another process queue; what that throws is passed on as it is. */
  startEnd: (unit: string, queue: () => Promise<string>) => Promise<JobResult>;
}

const BUS_GONE = 'is dbus.service running? `systemctl status dbus` shows it; the updater reconnects automatically';

/**
 * What is wrong with this device, for clients of the HTTP API: SYSTEMD_UNAVAILABLE. The names of units are ours: one that is
 * missing or masked is no mistake of the client.
 */
export function explained(error: unknown): unknown {
  if (!(error instanceof UpdateError)) return error;
  const { code, message, cause } = error;
  const hint = error.hint === null ? {} : { hint: error.hint };
  if (code === 'NOT_FOUND' || code === 'STEP_FAILED') return new UpdateError('SYSTEMD_UNAVAILABLE', message, { ...hint, cause });
  if (code === 'SYSTEMD_UNAVAILABLE' && message.startsWith('the system bus')) return new UpdateError(code, message, { hint: BUS_GONE, cause });
  return error;
}

interface Follower {
  units: readonly string[];
  onChange: () => void;
  /** Takes it away from the connection that there is. */
  forget: () => void;
}

/**
 * Connects at the first use. While bus or systemd are not there, every call throws SYSTEMD_UNAVAILABLE. `follow` waits for no
 * bus that is not there: followers are called when the connection is lost, and whenever it is there again, because anything may
 * have changed in between.
 */
export function reconnectingUnits({
  firstRetryMs = FIRST_RETRY_MS,
  callTimeoutMs = CALL_TIMEOUT_MS,
  queue = null,
}: ReconnectingOptions = {}): ReconnectingUnits {
  const followers = new Set<Follower>();
  let connection: Promise<Systemd> | null = null;
  /** Since followers were last told that systemd is there. */
  let wasLost = false;
  let failure: { error: unknown; at: number } | null = null;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = firstRetryMs;
  let closed = false;

  const tellAll = (): void => {
    for (const { onChange } of followers) onChange();
  };

  function tryLater(): void {
    if (closed || followers.size === 0 || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      attempt().catch(() => undefined); // `failed` sees to the next one
    }, retryMs);
    retry.unref();
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }

  async function listen(bus: Systemd, follower: Follower): Promise<void> {
    const forgets: (() => void)[] = [];
    follower.forget = () => {
      for (const forget of forgets) forget();
    };
    for (const unit of follower.units) forgets.push(await bus.onChange(unit, follower.onChange));
    if (!followers.has(follower)) follower.forget();
  }

  async function connect(): Promise<Systemd> {
    const opened = await connectSystemd({
      callTimeoutMs,
      onLost: () => {
        connection = null;
        wasLost = true;
        tryLater();
        tellAll();
      },
      onNews: tellAll,
    });
    try {
      for (const follower of followers) await listen(opened, follower);
    } catch (error) {
      opened.close();
      throw error;
    }
    if (closed) opened.close();
    return opened;
  }

  function failed(error: unknown): void {
    connection = null;
    wasLost = true;
    failure = { error, at: performance.now() };
    tryLater();
  }

  function connected(): void {
    failure = null;
    retryMs = firstRetryMs;
    clearTimeout(retry);
    retry = undefined;
    if (wasLost) tellAll();
    wasLost = false;
  }

  function attempt(): Promise<Systemd> {
    if (connection === null) {
      connection = connect();
      connection.then(connected, failed);
    }
    return connection;
  }

  async function systemd(): Promise<Systemd> {
    if (connection === null && failure !== null && performance.now() - failure.at < ASK_AGAIN_MS) throw failure.error;
    return await attempt();
  }

  async function explaining<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw explained(error);
    }
  }

  const calls = unitCalls(systemd, queue);
  // What systemd says of a unit is 30 KiB, and a hundred times that while it is read.
  const look = shareRequests((unit) => explaining(calls.look(unit)));
  return {
    startEnd: async (unit, ask) => {
      await explaining(systemd());
      return await calls.startEnd(unit, ask);
    },
    start: (unit) => explaining(calls.start(unit)),
    stop: (unit) => explaining(calls.stop(unit)),
    look,
    isMeantToRun: (unit) => explaining(calls.isMeantToRun(unit)),
    nextElapse: (timer) => explaining(calls.nextElapse(timer)),
    follow: async (units, onChange) => {
      const follower: Follower = { units, onChange, forget: () => undefined };
      const unfollow = (): void => {
        followers.delete(follower);
        follower.forget();
      };
      // Of those that are there when a connection is made, it sees to all; it must not do so beside this.
      const bus = await systemd().catch(() => null);
      followers.add(follower);
      if (bus === null) {
        tryLater();
        return unfollow;
      }
      try {
        await explaining(listen(bus, follower));
      } catch (error) {
        unfollow();
        throw error;
      }
      return unfollow;
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      followers.clear();
      connection?.then(
        (bus) => {
          bus.close();
        },
        () => undefined,
      );
    },
  };
}
