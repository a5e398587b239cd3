/** From how a unit ended and what its run wrote down to one error, or none. */
import { howEnded, isBusy } from '../core/run/ended-early.ts';
import { UpdateError, toErrorCode } from '../core/errors.ts';
import type { Receipt } from '../core/device/state.ts';
import { shellWord } from '../core/command-line/shell-word.ts';
import type { UnitRun } from './run-unit.ts';

type Ended = Extract<UnitRun, { is: 'ended' }>;

/** Null when the run was a success; otherwise what to tell: the receipt's own words if it left one. */
export function failureOf(run: Ended): UpdateError | null {
  const { result, receipt, unit, look } = run;
  if (result === 'done') return null;
  if (receipt !== null && receipt.outcome !== 'ok' && receipt.outcome !== 'nothing') return receiptError(receipt);
  if (isBusy(look)) {
    return new UpdateError('BUSY', `'${unit}' gave up waiting: another update step is running`, {
      hint: '`pikit-update status` shows it; try again when it has ended',
    });
  }
  if (result === 'canceled') return new UpdateError('CANCELLED', `'${unit}' was stopped`, { hint: 'you can start it again at any time' });
  return new UpdateError('STEP_FAILED', `'${unit}' ${describe(run)}`, {
    hint:
      look.result === 'start-limit-hit'
        ? 'it was started too often: wait a minute, then try again'
        : `\`journalctl -u ${shellWord(unit)}\` shows what it wrote`,
    subject: unit,
  });
}

function describe({ result, look }: Ended): string {
  switch (result) {
    case 'done':
      return 'ended';
    case 'failed':
    case 'dependency': {
      const how = howEnded(look);
      if (how !== null) return `failed (${how})`;
      return `failed (${look.result ?? 'no result'}${look.result === 'exit-code' && look.exitStatus !== null ? ` ${String(look.exitStatus)}` : ''})`;
    }
    case 'timeout':
      return 'exceeded its time limit';
    case 'canceled':
      return 'was stopped';
    case 'skipped':
      return 'cannot be started in its current state';
    default:
      return result satisfies never;
  }
}

/** A receipt as the error it tells of. */
export function receiptError(receipt: Receipt): UpdateError {
  return new UpdateError(receipt.code === null ? 'STEP_FAILED' : toErrorCode(receipt.code), receipt.message, {
    lines: receipt.lines,
    ...(receipt.hint === null ? {} : { hint: receipt.hint }),
    ...(receipt.subject === null ? {} : { subject: receipt.subject }),
  });
}
