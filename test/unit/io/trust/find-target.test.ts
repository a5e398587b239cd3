import { describe, expect, it } from 'vitest';
import { findTarget } from '../../../../lib/io/trust/find-target.ts';
import { metadataChain } from '../../../../lib/io/trust/metadata-chain.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../../helpers/tuf-repository.ts';
import { TUF_NOW, memoryStore, tufRepository } from '../../../helpers/tuf-repository.ts';

type Edge = [delegator: string, role: string, options?: { paths?: string[]; terminating?: boolean }];

function graph(edges: readonly Edge[]): TufRepository {
  const repository = tufRepository();
  for (const [delegator, role, { paths = ['*'], terminating = false } = {}] of edges) repository.delegate(role, { delegator, paths, terminating });
  repository.publish();
  return repository;
}

/** What is found, and the roles that were asked for on the way. */
async function search(repository: TufRepository, path: string): Promise<[found: string | null, visited: string[]]> {
  const source = repository.source();
  const chain = metadataChain({ initialRoot: repository.initialRoot, store: memoryStore(), source, now: TUF_NOW, profile: 'tuf' });
  const { trusted } = await chain.refreshed();
  const known = source.requests.length;
  const target = await findTarget(trusted, path, chain);
  return [target?.signedBy.role ?? null, source.requests.slice(known).map((name) => name.split('.')[1] ?? '')];
}

describe('delegations', () => {
  it.each<[name: string, edges: Edge[], visited: string]>([
    ['one', [['targets', 'A']], 'A'],
    ['two beside each other', [['targets', 'A'], ['targets', 'B']], 'A B'],
    ['depth first', [['targets', 'A'], ['targets', 'B'], ['A', 'C'], ['A', 'D']], 'A C D B'],
    ['three levels', [['targets', 'A'], ['targets', 'B'], ['A', 'C'], ['C', 'D']], 'A C D B'],
    ['terminating', [['targets', 'A'], ['targets', 'B'], ['A', 'C', { terminating: true }], ['A', 'D']], 'A C'],
    ['terminating, with one below', [['targets', 'A'], ['targets', 'B'], ['A', 'C', { terminating: true }], ['C', 'D']], 'A C D'],
    ['paths that do not match', [['targets', 'A', { paths: ['*.py'] }], ['targets', 'B'], ['A', 'C']], 'B'],
    ['a path that does not match further down', [['targets', 'A'], ['targets', 'B'], ['A', 'C', { paths: ['*.py'] }], ['C', 'D']], 'A B'],
    ['in a circle', [['targets', 'A'], ['targets', 'B'], ['B', 'C'], ['C', 'D'], ['D', 'B']], 'A B C D'],
    ['one role by two', [['targets', 'A'], ['targets', 'B'], ['B', 'C'], ['A', 'C']], 'A C B'],
    ['many', Array.from({ length: 20 }, (_, at): Edge => ['targets', `R${String(at)}`]), 'R0 R1 R2 R3 R4 R5 R6 R7'],
  ])('are visited in order: %s', async (_name, edges, visited) => {
    expect(await search(graph(edges), 'missing')).toEqual([null, visited.split(' ')]);
  }); // prettier-ignore

  it('match whole names between slashes', async () => {
    const repository = graph([['targets', 'A', { paths: ['*.doc', '*.md'] }], ['targets', 'B', { paths: ['releases/*/*'] }], ['B', 'C', { paths: ['releases/x/*'] }]]); // prettier-ignore
    for (const [path, role] of [['README.md', 'A'], ['releases/x/v1', 'C'], ['releases/z/v1', 'C']] as const) repository.put(path, path, role); // prettier-ignore
    repository.publish();
    expect(await search(repository, 'README.md')).toEqual(['A', ['A']]);
    expect(await search(repository, 'releases/x/v1')).toEqual(['C', ['B', 'C']]);
    expect(await search(repository, 'releases/z/v1')).toEqual([null, ['B']]);
  });

  it('of one role by two, with keys of their own: what one delegator trusts is not trusted for the other', async () => {
    const repository = graph([
      ['targets', 'A', { paths: ['a'] }],
      ['targets', 'B', { paths: ['b'] }],
    ]);
    repository.delegate('C', { delegator: 'A', paths: ['*'], keys: [testKey('c')] });
    repository.delegate('C', { delegator: 'B', paths: ['*'], keys: [testKey('another')] });
    repository.signers.set('C', [testKey('c')]);
    for (const path of ['a', 'b']) repository.put(path, path, 'C');
    repository.publish();
    const chain = metadataChain({
      initialRoot: repository.initialRoot,
      store: memoryStore(),
      source: repository.source(),
      now: TUF_NOW,
      profile: 'tuf',
    });
    const { trusted } = await chain.refreshed();
    expect((await findTarget(trusted, 'a', chain))?.signedBy.role).toBe('C');
    await expect(findTarget(trusted, 'b', chain)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect((await findTarget(trusted, 'a', chain))?.signedBy.role).toBe('C');
  });
});
