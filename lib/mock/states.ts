/**
 * What the mock shows: test/fixtures/mock-update-status.json, a list of named states of a device, each as `GET status` answers
 * it, and of the failures that a step can end with.
 *
 *   now         when the file is told; who looks at another time sees all its dates as far from then as they are from this
 *   base        a whole status
 *   defaults    a whole run, receipt, offer and progress
 *   states      name, what it is, and `changes`: members that take the place of those of the base; an object under `run`,
 *               `last_result`, `available` or `progress` has to name only what differs from its default
 *   failures    one for each code: the step and the phase it comes in, message and hint
 *
 * `failed:CODE` is a state too: the device after a run that ended with that failure.
 */
import * as z from 'zod';
import { BranchesAnswer, LogLine, PlanAnswer, StatusAnswer } from '../core/http-api/api-answers.ts';
import type { ErrorCode } from '../core/errors.ts';
import { UpdateError } from '../core/errors.ts';
import { describeIssues } from '../core/json.ts';
import { closestWord } from '../core/command-line/closest-word.ts';
import { afterFailure } from './after-failure.ts';
import { moved } from './moved.ts';
import { Defaults, PlayedFailure } from './types.ts';

const Changes = z.record(z.string(), z.unknown());
const File = z.strictObject({
  about: z.string(),
  now: z.iso.datetime(),
  base: StatusAnswer,
  defaults: Defaults,
  states: z.array(z.strictObject({ name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/), what: z.string(), changes: Changes })),
  failures: z.array(PlayedFailure),
  branches: BranchesAnswer.shape.branches,
  plan: PlanAnswer.shape.plan.unwrap(),
  journal: z.array(LogLine.omit({ cursor: true, time: true })),
});

export interface MockStates extends Pick<z.infer<typeof File>, 'defaults' | 'failures' | 'branches' | 'plan' | 'journal'> {
  /** Every name with what it is, in the order of the file; the failures after them. */
  list: readonly { name: string; what: string }[];
  /** Throws NOT_FOUND for a name that is not in the list. */
  state: (name: string) => StatusAnswer;
  failure: (code: ErrorCode) => PlayedFailure | null;
}

/**
 * Throws INTERNAL, naming what is wrong, for a file with a state that a device could not answer. Without `now`, the dates are
 * those of the file.
 */
export function mockStates(json: unknown, now?: () => Date): MockStates {
  const file = validated(File, json, 'the file of mock states');
  // Whole seconds: names of backups have no more.
  const sinceMs = (): number => (now === undefined ? 0 : Math.floor((now().getTime() - Date.parse(file.now)) / 1000) * 1000);
  const states = new Map<string, { what: string; status: StatusAnswer }>();
  for (const { name, what, changes } of file.states) {
    if (states.has(name)) throw new UpdateError('INTERNAL', `the mock state '${name}' appears twice`);
    states.set(name, { what, status: validated(StatusAnswer, { ...file.base, ...filled(changes, file.defaults) }, `the mock state '${name}'`) });
  }
  for (const failure of file.failures) {
    states.set(`failed:${failure.code}`, {
      what: failure.message,
      status: validated(StatusAnswer, afterFailure(file.base, failure, file.defaults), `the mock state 'failed:${failure.code}'`),
    });
  }
  return {
    ...file,
    get defaults() {
      return Defaults.parse(moved(file.defaults, sinceMs()));
    },
    list: [...states].map(([name, { what }]) => ({ name, what })),
    state: (name) => StatusAnswer.parse(moved(states.get(name)?.status ?? unknown(name, [...states.keys()]), sinceMs())),
    failure: (code) => file.failures.find((failure) => failure.code === code) ?? null,
  };
}

/** The members that name only what differs, with the rest of them. */
function filled(changes: Readonly<Record<string, unknown>>, defaults: Defaults): Record<string, unknown> {
  const whole = new Map<string, object>(Object.entries(defaults));
  return Object.fromEntries(
    Object.entries(changes).map(([name, value]) => {
      const isPart = typeof value === 'object' && value !== null;
      return [name, isPart && whole.has(name) ? { ...whole.get(name), ...value } : value];
    }),
  );
}

function validated<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UpdateError('INTERNAL', `${what} is invalid: ${describeIssues(result.error, value)}`);
}

function unknown(name: string, names: readonly string[]): never {
  const near = closestWord(name, names);
  throw new UpdateError('NOT_FOUND', `there is no mock state '${name}'`, {
    hint: `${near === null ? '' : `did you mean '${near}'? `}GET /api/update/dev/states lists them`,
  });
}
