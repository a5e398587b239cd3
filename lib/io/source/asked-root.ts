/**
 * The answer of `pikit-update-ask-root.service`, which asks the source for its root as the user `pikit-update` and hands it to root:
 *
 *   root.json     the bytes, as the source has them
 *   failure.json  or why there are none: code, message and hint
 *
 * The folder is that user's own, in one of root's. Nothing of it is trusted: root takes bytes of a limited length from it, by the
 * rules of transaction/files/untrusted-files.ts, verifies the root by itself, and shows the owner whose keys it has.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { UpdateError, errorJson, toErrorCode, toUpdateError } from '../../core/errors.ts';
import { parseDocument } from '../../core/json.ts';
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import { unlinkIfThere, writeDurable } from '../../transaction/files/durable.ts';
import { clearPath } from '../../transaction/files/plain-file.ts';
import { readUntrusted } from '../../transaction/files/untrusted-files.ts';

export const ASK_ROOT_UNIT = 'pikit-update-ask-root.service';

const ROOT = 'root.json';
const FAILURE = 'failure.json';
const FAILURE_MAX_BYTES = 16 * 1024;
const Failure = z.strictObject({ code: z.string(), message: z.string().max(4000), hint: z.string().max(4000).nullable() });

/** What the unit does: leaves the answer of `request`, in the place of any earlier one. Throws what `request` throws, once that is written. */
export async function answerWithRoot(folder: string, request: () => Promise<{ bytes: Buffer }>): Promise<void> {
  const put = (name: string, content: Buffer | string): void => {
    writeDurable(join(folder, name), content, { mode: 0o644 });
  };
  for (const name of [ROOT, FAILURE]) {
    clearPath(join(folder, name));
    unlinkIfThere(join(folder, name));
  }
  try {
    put(ROOT, (await request()).bytes);
  } catch (error) {
    put(FAILURE, `${JSON.stringify(errorJson(toUpdateError(error)))}\n`);
    throw error;
  }
}

/**
 * What root takes of it, after the unit has ended. Throws what the unit has said, or STEP_FAILED where it has said nothing that can be
 * taken: `ended` is how the unit did.
 */
export function takeAskedRoot(folder: string, ended: string): Buffer {
  if (ended === 'done') {
    const root = readUntrusted(folder, ROOT, METADATA_MAX_BYTES.root);
    if (root.is === 'there') return root.bytes;
    throw nothingFrom(root.is === 'absent' ? `has left no '${folder}/${ROOT}'` : `has left a '${folder}/${ROOT}' that ${root.why}`);
  }
  const failure = readUntrusted(folder, FAILURE, FAILURE_MAX_BYTES);
  if (failure.is !== 'there') throw nothingFrom(`ended with '${ended}'`);
  const { code, message, hint } = parseDocument(failure.bytes, Failure, {
    what: `'${folder}/${FAILURE}'`,
    maxBytes: FAILURE_MAX_BYTES,
    code: 'STEP_FAILED',
  });
  throw new UpdateError(toErrorCode(code), message, hint === null ? {} : { hint });
}

function nothingFrom(why: string): UpdateError {
  return new UpdateError('STEP_FAILED', `'${ASK_ROOT_UNIT}' ${why}`, {
    hint: `\`journalctl -u ${ASK_ROOT_UNIT}\` shows why; a root that you get in another way can be given as a file: sudo pikit-update trust FILE`,
  });
}
