/** Who may sign the releases of a branch, for people to see: read off metadata that was verified before it was kept. Decides nothing. */
import * as z from 'zod';
import { keyFingerprint } from './fingerprint.ts';
import { KEY_NAME_MEMBER, branchRole } from './metadata-layout.ts';
import type { SignedBy } from './trust-state.ts';

type Keys = SignedBy['keys'];

const Key = z.looseObject({
  keyval: z.looseObject({ public: z.string().regex(/^[0-9a-f]{64}$/i) }),
  [KEY_NAME_MEMBER]: z.string().max(200).optional().catch(undefined),
});
const KeyTable = z.record(z.string(), Key);

const Root = z.looseObject({
  signed: z.looseObject({ keys: KeyTable, roles: z.looseObject({ targets: z.looseObject({ keyids: z.array(z.string()) }) }) }),
});
const Targets = z.looseObject({
  signed: z.looseObject({
    delegations: z
      .looseObject({ keys: KeyTable, roles: z.array(z.looseObject({ name: z.string(), keyids: z.array(z.string()) })).default([]) })
      .optional(),
  }),
});

/**
 * The keys of the role that a branch is delegated to, or those of `targets` for one without keys of its own; null where the bytes
 * do not tell, or are damaged.
 */
export function branchSigners(branch: string, { root, targets }: { root: Uint8Array | null; targets: Uint8Array | null }): Keys | null {
  const delegations = parsed(targets, Targets)?.signed.delegations;
  const role = delegations?.roles.find(({ name }) => name === branchRole(branch));
  if (delegations !== undefined && role !== undefined) return keysOf(role.keyids, delegations.keys);
  const top = parsed(root, Root)?.signed;
  return targets === null || top === undefined ? null : keysOf(top.roles.targets.keyids, top.keys);
}

function keysOf(ids: readonly string[], table: z.infer<typeof KeyTable>): Keys | null {
  const keys = ids.flatMap((id) => {
    const key = Object.hasOwn(table, id) ? table[id] : undefined;
    return key === undefined ? [] : [{ fingerprint: keyFingerprint(key.keyval.public), name: key[KEY_NAME_MEMBER] ?? null }];
  });
  return keys.length === 0 ? null : keys;
}

function parsed<T>(bytes: Uint8Array | null, schema: z.ZodType<T>): T | null {
  if (bytes === null) return null;
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data ?? null;
  } catch {
    // Safe to ignore: a damaged copy tells nothing, and nothing is decided by it.
    return null;
  }
}
