/** Requests to the updater's API. They never throw: each comes to an answer, a refusal, or the reason why there is none. */
import type {
  AutoAnswer,
  BranchAnswer,
  BranchesAnswer,
  CancelAnswer,
  DismissAnswer,
  HistoryAnswer,
  LogsAnswer,
  PlanAnswer,
  SkipAnswer,
  StatusAnswer,
} from '../../lib/core/http-api/api-answers.ts';
import type { Confirmed } from '../../lib/core/offer/foreign-files.ts';
import type { Run } from '../../lib/core/run/run.ts';
import type { Available } from '../../lib/core/device/state.ts';
import { failureIn, has, isStatus, parseJson } from './shapes.ts';
import type { Surroundings } from './surroundings.ts';
import { browser } from './surroundings.ts';
import type { Answer, Failure } from './answers.ts';

export interface Started {
  run: Run;
}

/** A release as the owner saw it: its version, and the very manifest. */
export type Shown = Pick<Available, 'version' | 'manifest_sha256'>;

export interface Api {
  status: () => Promise<Answer<StatusAnswer>>;
  branches: () => Promise<Answer<BranchesAnswer>>;
  plan: () => Promise<Answer<PlanAnswer>>;
  /** Newest last. */
  history: () => Promise<Answer<HistoryAnswer>>;
  logs: (query: Readonly<Record<string, string>>) => Promise<Answer<LogsAnswer>>;
  auto: () => Promise<Answer<AutoAnswer>>;
  check: () => Promise<Answer<Started>>;
  /** The release that was shown, and no other. The same key again starts nothing twice. `replace`: what the plan said is not ours, and the owner lets go. */
  apply: (shown: Shown, key: string, replace?: readonly Confirmed[]) => Promise<Answer<Started>>;
  rollback: (key: string) => Promise<Answer<Started>>;
  cancel: () => Promise<Answer<CancelAnswer>>;
  /** `auto` and `time`, as a form has them. */
  setAuto: (change: Readonly<Record<string, unknown>>) => Promise<Answer<AutoAnswer>>;
  branch: (name: string) => Promise<Answer<BranchAnswer>>;
  skip: (version: string | null) => Promise<Answer<SkipAnswer>>;
  dismiss: (id: string) => Promise<Answer<DismissAnswer>>;
}

const DEADLINE_MS = 20_000;
/** Stopping an update waits until the old files are back; whether there is a branch, until a check has asked for it. */
const LONG_DEADLINE_MS = 240_000;

type IsOurs<T> = (value: unknown) => value is T;

/** `query` is added to each address. */
export function connectApi(base: string, query: string, around: Pick<Surroundings, 'fetch' | 'after'> = browser()): Api {
  /** One request, and what came of it within the deadline. */
  const send = async <T>(
    path: string,
    isOurs: IsOurs<T>,
    init: RequestInit,
    deadlineMs: number,
    own?: Readonly<Record<string, string>>,
  ): Promise<Answer<T>> => {
    const late = new AbortController();
    const { signal } = late;
    const takeBack = around.after(deadlineMs, () => {
      late.abort();
    });
    try {
      // A login that this leads to is no answer, and its page is not wanted.
      const response = await around.fetch(addressOf(base, path, query, own), { ...init, redirect: 'manual', cache: 'no-store', signal });
      return answerOf(response, parseJson(await response.text()), isOurs);
    } catch {
      return gone(signal.aborted ? 'SLOW' : 'API_GONE');
    } finally {
      takeBack();
    }
  };
  /** `member` is one that its answer has. */
  const get = <T extends object>(path: string, member: keyof T & string, own?: Readonly<Record<string, string>>): Promise<Answer<T>> =>
    send(path, (value) => has<T>(value, member), {}, DEADLINE_MS, own);
  const post = <T extends object>(
    path: string,
    member: keyof T & string,
    body: object,
    key?: string,
    deadlineMs = DEADLINE_MS,
  ): Promise<Answer<T>> => {
    const headers = { 'Content-Type': 'application/json', ...(key && { 'Idempotency-Key': key }) };
    return send(path, (value) => has<T>(value, member), { method: 'POST', headers, body: JSON.stringify(body) }, deadlineMs);
  };
  return {
    status: () => send('status', isStatus, {}, DEADLINE_MS),
    branches: () => get('branches', 'branches'),
    plan: () => get('plan', 'plan'),
    history: () => get('history', 'history'),
    logs: (own) => get('logs', 'lines', own),
    auto: () => get('auto', 'auto'),
    check: () => post('check', 'run', {}),
    apply: ({ version, manifest_sha256 }, key, replace = []) =>
      post('apply', 'run', { version, manifest_sha256, ...(replace.length > 0 && { replace }) }, key),
    rollback: (key) => post('rollback', 'run', {}, key),
    cancel: () => post('cancel', 'cancelled', {}, '', LONG_DEADLINE_MS),
    setAuto: (change) => post('auto', 'auto', change),
    branch: (name) => post('branch', 'following', { name }, '', LONG_DEADLINE_MS),
    skip: (version) => post('skip', 'skipped_version', { version }),
    dismiss: (id) => post('notices/dismiss', 'dismissed', { id }),
  };
}

/** An address of the API, with what is asked. */
export function addressOf(base: string, path: string, query: string, own: Readonly<Record<string, string>> = {}): string {
  const asked = new URLSearchParams([...new URLSearchParams(query), ...Object.entries(own)]).toString();
  return `${base.replace(/\/+$/, '')}/${path}${asked && `?${asked}`}`;
}

function answerOf<T>({ ok, status, type }: Response, value: unknown, isOurs: IsOurs<T>): Answer<T> {
  if (ok && isOurs(value)) return { is: 'ok', status, value };
  const failure = failureIn(value);
  if (type === 'opaqueredirect' || /^(3|40[13])/.test(String(status))) return gone('NOT_ALLOWED', failure);
  if (ok || failure === null) return gone('NOT_AN_ANSWER');
  return { is: 'refused', status, failure };
}

/** The failure of a request that the API has not answered. */
export function gone(code: string, failure?: Failure | null): { is: 'gone'; failure: Failure } {
  return { is: 'gone', failure: { message: '', hint: null, ...failure, code } };
}
