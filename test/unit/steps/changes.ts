/** Change sets without a release: for tests that only need some transaction to be open. */
import type { ChangeSet } from '../../../lib/transaction/plan.ts';
import type { Installed } from '../../../lib/transaction/types.ts';

/** Everything that is installed goes away. */
export function removal(installed: Installed | null): ChangeSet {
  return { puts: [], deletes: (installed?.files ?? []).map((file) => file.path), installed, version: '1.1.0', branch: 'stable', restore: null };
}
