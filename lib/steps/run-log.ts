/** A step's own lines in the record of the run: written when it has the lock and when it has ended, and never in its way. */
import type { StepEnd } from '../core/run-record.ts';
import { stepBegun, stepEnded } from '../core/run-record.ts';
import type { UpdateError } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import { noteDuration } from '../core/timings.ts';
import type { StepDeps, StepResult } from './deps.ts';
import { RecordedFailure } from './recorded-failure.ts';
import { failureReceipt } from './receipts.ts';

type Deps = Pick<StepDeps, 'files' | 'now' | 'tookMs' | 'run' | 'byTimer' | 'granted'>;

export interface RunLog {
  done: (result: StepResult) => void;
  failed: (failure: UpdateError) => void;
}

/** To be called with the lock: then nobody else writes into the record. */
export function openRunLog(deps: Deps, step: Receipt['step'], pid: number): RunLog {
  const begunMs = deps.tookMs();
  quietly(() => {
    const token = deps.granted ?? (step === 'check' || step === 'recover' ? null : deps.files.peekToken('granted', step));
    const start = { step, invocation: deps.run, pid, at: deps.now(), byTimer: deps.byTimer, token };
    deps.files.writeRunRecord(stepBegun(deps.files.readRunRecord(), start));
  });
  const end = (ended: Omit<StepEnd, 'at'>): void => {
    quietly(() => {
      const record = deps.files.readRunRecord();
      if (record !== null) deps.files.writeRunRecord(stepEnded(record, deps.run, { ...ended, at: deps.now() }));
    });
  };
  return {
    done: ({ outcome, message, to }) => {
      end({ outcome, message, code: null, hint: null, version: to ?? null });
      quietly(() => {
        noteTime(deps, step, outcome, deps.tookMs() - begunMs);
      });
    },
    failed: (failure) => {
      quietly(() => {
        const { outcome, to } = receiptOf(deps, step, failure);
        end({ outcome, message: failure.message, code: failure.code, hint: failure.hint, version: to });
      });
    },
  };
}

/** Where a transaction has written what it came to, it is that. */
function receiptOf(deps: Deps, step: Receipt['step'], failure: UpdateError): Pick<Receipt, 'outcome' | 'to'> {
  const plain = failureReceipt({ step, at: deps.now(), tookMs: null }, failure, { from: null, to: null });
  if (!(failure instanceof RecordedFailure)) return plain;
  const { last_result: last } = deps.files.readState();
  return last?.step === step && last.code === failure.code ? last : plain;
}

/** Of a download that did not take place there is nothing to learn. The times of root's steps are in the history. */
function noteTime(deps: Deps, step: Receipt['step'], outcome: Receipt['outcome'], ms: number): void {
  if (step !== 'check' && (step !== 'fetch' || outcome !== 'ok')) return;
  const timings = noteDuration(deps.files.readTimings(), step, ms);
  if (timings !== null) deps.files.writeTimings(timings);
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // Safe to ignore: a full /run must not stop an update, and what is shown of it is known from the units as well.
  }
}
