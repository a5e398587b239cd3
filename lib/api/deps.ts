/** What the HTTP API is given. Built in scripts/: for a device, for a folder, and for the mock of `npm run dev`. */
import type {
  AutoAnswer,
  BranchAnswer,
  BranchesAnswer,
  CancelAnswer,
  DismissAnswer,
  HistoryAnswer,
  LogLine,
  LogsAnswer,
  PlanAnswer,
  SkipAnswer,
  StatusAnswer,
} from '../core/http-api/api-answers.ts';
import type { LogsQuery, Replace } from '../core/http-api/api-requests.ts';
import type { Run } from '../core/run/run.ts';
import type { Auto } from '../core/device/state.ts';

export interface LogReader {
  /** At most `lines` lines (100 when it does not say), after `cursor` or the last ones. */
  read: (query: LogsQuery) => Promise<LogsAnswer>;
  /** What is written from now on (or after `cursor`), until `signal`. Ends by itself only when the journal cannot be read on. */
  follow: (query: LogsQuery, signal: AbortSignal) => AsyncIterable<LogLine>;
}

/**
 * What is behind the routes: a device, or a play. Everything may throw UpdateError. `check`, `apply` and `rollback` throw BUSY
 * while something runs; they resolve when the run has begun or is queued, and do not wait for its end.
 */
export interface Backend {
  status: () => Promise<StatusAnswer>;
  /** `onChange` is called whenever `status` may say something else, until the function that it resolves to is called. */
  watch: (onChange: () => void) => Promise<() => void>;
  check: () => Promise<Run>;
  /**
   * What was confirmed: any release, a version, or the very manifest of it (`sha256`); `replace` has the files that no release
   * brought, and that the owner lets go.
   */
  apply: (version: string | null, agreed?: { sha256?: string | null; replace?: Replace }) => Promise<Run>;
  rollback: () => Promise<Run>;
  cancel: () => Promise<CancelAnswer>;
  auto: () => Promise<AutoAnswer>;
  setAuto: (wish: { auto: Auto | null; time: string | null }) => Promise<AutoAnswer>;
  branches: () => Promise<BranchesAnswer>;
  branch: (name: string) => Promise<BranchAnswer>;
  skip: (version: string | null) => Promise<SkipAnswer>;
  /** All notices when `id` is null. */
  dismiss: (id: string | null) => Promise<DismissAnswer>;
  plan: () => Promise<PlanAnswer>;
  /** The last `limit` receipts, newest last. */
  history: (limit: number) => Promise<HistoryAnswer>;
}

export interface ApiDeps {
  backend: Backend;
  /** Null in a folder, which has no journal. */
  journal: LogReader | null;
  /** openapi.json, as it was built. */
  openapi: string;
  /** A file of dist/web by its name, such as page.html; null when it is not there. */
  webFile: (name: string) => string | null;
  now: () => Date;
  /** What is wrong inside; the client is told no more than that there is something. */
  warn: (message: string) => void;
  /** Host names that are this device: its own, and those of the configuration. */
  hosts: () => readonly string[];
  /** The token for TCP; null when there is none. */
  token: () => string | null;
  limits: ApiLimits;
}

export interface ApiLimits {
  heartbeatMs: number;
  /** Events and logs that are followed, together. */
  streams: number;
  /** What may wait for a client that does not read. */
  bufferedBytes: number;
}
