import { expect, it } from 'vitest';
import { replacedPrograms } from '../../../../lib/transaction/plan/replaced-programs.ts';
import type { Operation } from '../../../../lib/transaction/types.ts';

function op(path: string, old: string | null, fresh: string | null, mode = 0o644): Operation {
  const side = (sha: string | null): Operation['old'] =>
    sha === null ? null : { type: 'file', file: { path, sha256: sha.repeat(64), size: 1, mode, uid: 0, gid: 0 } };
  const after = side(fresh);
  return { n: 1, path, old: side(old), new: after?.type === 'file' ? after : null };
}

it.each<[string, Operation, boolean]>([
  ['replaced', op('/b/a.py', 'a', 'b'), true],
  ['replaced-by-its-mode', op('/b/tool', 'a', 'b', 0o755), true],
  ['only-another-owner', op('/b/a.py', 'a', 'a'), false],
  ['new', op('/b/a.py', null, 'b'), false],
  ['removed', op('/b/a.py', 'a', null), false],
  ['an-asset', op('/w/app.js', 'a', 'b'), false],
  ['a-page', op('/w/index.html', 'a', 'b'), false],
])('%s', (_name, operation, isReplaced) => {
  expect(replacedPrograms([operation])).toEqual(isReplaced ? [operation.path] : []);
});
