/** Every route of the HTTP API: what it takes, and what it answers by status. The server and the OpenAPI document go by it. */
import * as z from 'zod';
import * as answers from './api-answers.ts';
import * as requests from './api-requests.ts';

export const API_PREFIX = '/api/update/';

export interface Route {
  method: 'GET' | 'POST';
  /** Below API_PREFIX. */
  path: string;
  summary: string;
  query: z.ZodObject;
  /** Null where a request has no body: all GET. */
  body: z.ZodType | null;
  /** What it answers by status; the refusals that every route has are in COMMON_STATUSES. */
  answers: Readonly<Record<number, z.ZodType>>;
  /** Whether it answers with `text/event-stream`: never, when that is asked for, or only so. */
  stream: 'no' | 'asked' | 'always';
}

/** 400 to 503: refused before or by any route. */
const FAILURES = [400, 401, 403, 429, 503] as const;
const BODY_FAILURES = [413, 415] as const;

const failures = (...statuses: readonly number[]) => Object.fromEntries(statuses.map((status) => [status, answers.ErrorAnswer]));

function get(path: string, summary: string, answer: z.ZodType, more: Partial<Route> & { also?: readonly number[] } = {}): Route {
  const { also = [], ...rest } = more;
  return {
    method: 'GET',
    path,
    summary,
    query: requests.NoQuery,
    body: null,
    answers: { 200: answer, ...failures(...FAILURES, ...also) },
    stream: 'no',
    ...rest,
  };
}

function post(path: string, summary: string, body: z.ZodType, own: Readonly<Record<number, z.ZodType>>, stream: Route['stream'] = 'no'): Route {
  return { method: 'POST', path, summary, query: requests.NoQuery, body, answers: { ...own, ...failures(...FAILURES, ...BODY_FAILURES) }, stream };
}

const STARTED = { 202: answers.RunAnswer, 409: answers.BusyAnswer };
const MISSING = failures(404);

export const ROUTES = {
  status: get('status', 'What is installed, what is available, what runs', answers.StatusAnswer),
  events: get('events', 'The status at once and at every change, as events named `status`', answers.StatusAnswer, { stream: 'always' }),
  branches: get('branches', 'The branches as the last check saw them', answers.BranchesAnswer),
  auto: get('auto', 'The setting for automatic updates, and when it acts next', answers.AutoAnswer),
  plan: get('plan', 'What an installation would do', answers.PlanAnswer, { also: [409] }),
  history: get('history', 'The receipts of all that changed this device, newest last', answers.HistoryAnswer, { query: requests.HistoryQuery }),
  logs: get('logs', 'The journal of the updater; as events named `line` it is followed', answers.LogsAnswer, {
    query: requests.LogsQuery,
    stream: 'asked',
    also: [404],
  }),
  openapi: get('openapi.json', 'This document', z.looseObject({ openapi: z.string() })),
  check: post('check', 'Looks for an update', requests.NoBody, STARTED, 'asked'),
  apply: post('apply', 'Downloads what is available, and installs it', requests.ApplyBody, { ...STARTED, ...MISSING }, 'asked'),
  rollback: post('rollback', 'Rolls back to the previous release', requests.NoBody, STARTED, 'asked'),
  cancel: post('cancel', 'Cancels what is running, if that is safe', requests.NoBody, { 200: answers.CancelAnswer, 409: answers.BusyAnswer }),
  setAuto: post('auto', 'Sets automatic updates and their time', requests.AutoBody, { 200: answers.AutoAnswer }),
  branch: post('branch', 'Follows another branch, and checks it for updates', requests.BranchBody, {
    200: answers.BranchAnswer,
    202: answers.BranchAnswer,
    409: answers.BusyAnswer,
    ...MISSING,
  }),
  skip: post('skip', 'Skips one version; null skips none', requests.SkipBody, { 200: answers.SkipAnswer }),
  dismiss: post('notices/dismiss', 'Dismisses notices', requests.DismissBody, {
    200: answers.DismissAnswer,
    409: answers.BusyAnswer,
    ...MISSING,
  }),
} satisfies Readonly<Record<string, Route>>;
