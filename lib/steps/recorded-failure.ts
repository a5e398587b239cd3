import { UpdateError } from '../core/errors.ts';

/** A failure whose receipt is already written, with the transaction it belongs to: the runner only reports it. */
export class RecordedFailure extends UpdateError {
  constructor(cause: UpdateError) {
    super(cause.code, cause.message, {
      cause,
      lines: cause.lines,
      ...(cause.hint === null ? {} : { hint: cause.hint }),
      ...(cause.subject === null ? {} : { subject: cause.subject }),
    });
  }
}
