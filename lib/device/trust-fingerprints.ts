/** Whether a root is the one that its owner has told about, by fingerprints that came another way than it did. */
import { UpdateError } from '../core/errors.ts';
import type { RootDocument } from '../io/trust/root-document.ts';

/**
 * As many keys of the role root have to be named as it asks for, and each of them has to have signed this very document: a key that is
 * only named in it proves nothing, as anyone can name it. Throws SIGNATURE_INVALID that shows both sides, USAGE for too few.
 */
export function assertFingerprints(root: RootDocument, fingerprints: readonly string[]): void {
  const role = root.roles.find(({ role: name }) => name === 'root');
  const keys = role?.keys ?? [];
  const threshold = role?.threshold ?? 1;
  const named = new Set(fingerprints);
  const list = keys.map(
    ({ fingerprint, name, hasSigned }) => `${fingerprint}${name === null ? '' : ` (${name})`}${hasSigned ? '' : ', which has not signed it'}`,
  );
  for (const fingerprint of named) {
    const key = keys.find((one) => one.fingerprint === fingerprint);
    if (key?.hasSigned === true) continue;
    throw new UpdateError(
      'SIGNATURE_INVALID',
      key === undefined
        ? `this root is not of the key ${fingerprint}: its keys are ${list.join('; ')}`
        : `the key ${fingerprint} is named in this root, and has not signed it: its keys are ${list.join('; ')}`,
      { hint: 'nothing was changed; do not trust this root: get it, or the fingerprint, again from the maker of the releases' },
    );
  }
  if (named.size >= threshold) return;
  throw new UpdateError(
    'USAGE',
    `this root needs ${String(threshold)} keys, and ${String(named.size)} fingerprint${named.size === 1 ? ' is' : 's are'} given`,
    {
      hint: `repeat --fingerprint until ${String(threshold)} of its keys are named; nothing was changed`,
    },
  );
}
