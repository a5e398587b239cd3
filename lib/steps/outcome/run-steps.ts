/** A step's own lines in the file of the run: written when it has the lock, as it reports, and when it has ended; a failed write never fails the step. */
import type { Begun, RunRecord, StepEnd } from '../../core/run/run-record.ts';
import { nextOf, stepBegun, stepEnded } from '../../core/run/run-record.ts';
import { stepReported } from '../../core/run/run-time.ts';
import type { Medians } from '../../core/run/timings.ts';
import { mediansOf, noteDuration } from '../../core/run/timings.ts';
import type { Progress, Receipt } from '../../core/device/state.ts';
import type { StepDeps, StepFailure, StepOutcome } from '../deps.ts';
import { failureReceipt } from './receipts.ts';

type Deps = Pick<StepDeps, 'files' | 'now' | 'tookMs' | 'run' | 'byTimer' | 'granted'>;

export interface RunLog {
  report: (progress: Progress) => void;
  ended: (end: StepOutcome) => void;
}

/** To be called with the lock: then no other step writes into the record. */
export function openRunLog(deps: Deps, step: Receipt['step'], pid: number): RunLog {
  const { files } = deps;
  const begunMs = deps.tookMs();
  let record: RunRecord | null = null;
  let medians: Medians | null = null;
  const write = (change: (record: RunRecord) => RunRecord): void => {
    quietly(() => {
      if (record === null) return;
      record = change(record);
      files.writeRunRecord(record);
    });
  };
  quietly(() => {
    const token = deps.granted ?? (step === 'check' || step === 'recover' ? null : files.peekToken('granted', step));
    const { auto } = files.readSettings();
    const before = files.readRunRecord();
    const at = deps.now();
    const begun = freshLink(files.readBegun(), before, new Date(at.getTime() - begunMs));
    record = stepBegun(before, { step, invocation: deps.run, pid, at, byTimer: deps.byTimer, token, auto, begun });
    files.writeRunRecord(record);
    // After the record: a reader finds the run in one of the two. A download of the timer leaves it to the apply that it is for.
    if (step === 'apply' || (step === 'fetch' && token === null)) files.dropBegun();
  });
  const end = (ended: Omit<StepEnd, 'at'>, goesOn: boolean): void => {
    write((run) => stepEnded(run, deps.run, { ...ended, at: deps.now() }, goesOn));
  };
  return {
    report: (progress) => {
      write((run) => stepReported(run, progress, (medians ??= readMedians(deps))));
    },
    ended: (ending) => {
      if (ending.outcome === 'failed') {
        quietly(() => {
          const { outcome, to } = receiptOf(deps, step, ending);
          const { message, code, hint } = ending.failure;
          end({ outcome, message, code, hint, version: to }, false);
        });
        if (step === 'fetch') quietly(files.dropBegun);
        return;
      }
      const { outcome, message, to = null } = ending;
      end({ outcome, message, code: null, hint: null, version: to }, record !== null && goesOn(deps, record, outcome));
      quietly(() => {
        noteTime(deps, step, outcome, deps.tookMs() - begunMs);
      });
    },
  };
}

/** Null for the link of an update whose download gave up waiting: a run has ended since, before this step's process began. */
function freshLink(begun: Begun | null, before: RunRecord | null, processBegan: Date): Begun | null {
  const ended = before?.ended ?? null;
  return begun !== null && ended !== null && begun.at < ended && ended <= processBegan.toISOString() ? null : begun;
}

/** A run of the timer continues with the token that its step leaves; by hand, the download of an update continues without one. */
function goesOn({ files, run }: Deps, record: RunRecord, outcome: Receipt['outcome']): boolean {
  const steps = record.steps.map((step) => (step.invocation === run ? { ...step, outcome } : step));
  const next = nextOf({ ...record, steps });
  if (next === null || record.by === 'owner') return next !== null;
  return (next === 'fetch' || next === 'apply') && files.peekToken('next', next) !== null;
}

/** The network steps may not read the history; root has published the part that they need. */
function readMedians({ files }: Deps): Medians {
  const past = (): Receipt[] => {
    try {
      return files.readHistory();
    } catch {
      return files.readPublished()?.history ?? [];
    }
  };
  return mediansOf(files.readTimings(), past());
}

/** Where a transaction has written its result, that one counts. */
function receiptOf(deps: Deps, step: Receipt['step'], { failure, recorded }: StepFailure): Pick<Receipt, 'outcome' | 'to'> {
  const plain = failureReceipt({ step, at: deps.now(), tookMs: null }, failure, { from: null, to: null });
  if (!recorded) return plain;
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
    // Safe to ignore: a full /run must not stop an update, and nothing is decided by what is shown of it.
  }
}
