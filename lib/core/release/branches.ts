/**
 * branches.json: which branches a site has besides `stable`, which is always there and never listed.
 * An array of `{name, display_name, description, enabled, visible, linux, windows, macos}`; only `name` is mandatory.
 * Unknown keys are ignored, so that old devices survive new fields.
 */
import * as z from 'zod';
import { parseDocument } from '../json.ts';

/** The branch that every site has. */
export const STABLE = 'stable';
/** 1000 branches have about 200 KiB; endless data is cut here. */
export const BRANCHES_MAX_BYTES = 1024 * 1024;
const MAX_BRANCHES = 1000;
const NAME = /^[a-z0-9_]{1,64}$/;

const BranchName = z
  .string()
  .regex(NAME, 'must be 1 to 64 of a-z, 0-9 and _')
  .refine((name) => name !== STABLE, { error: `'${STABLE}' is always there and must not be listed` });

export const Branch = z
  .object({
    name: BranchName,
    display_name: z.string().min(1).max(200).optional(),
    description: z.string().max(2000).default(''),
    enabled: z.boolean().default(true),
    visible: z.boolean().default(true),
    linux: z.boolean().default(true),
    windows: z.boolean().optional(),
    macos: z.boolean().optional(),
  })
  .transform((branch) => ({ ...branch, display_name: branch.display_name ?? branch.name }));
export type Branch = z.infer<typeof Branch>;

const Branches = z
  .array(Branch)
  .max(MAX_BRANCHES)
  .superRefine((branches, context) => {
    const names = new Set<string>();
    branches.forEach(({ name }, index) => {
      if (names.has(name)) context.addIssue({ code: 'custom', path: [index, 'name'], message: `'${name}' is listed twice` });
      names.add(name);
    });
  });

/** Parses a branch list from outside. Throws SITE_INVALID naming the key. */
export function parseBranches(bytes: Uint8Array, what = 'the branch list'): Branch[] {
  return parseDocument(bytes, Branches, { what, maxBytes: BRANCHES_MAX_BYTES, code: 'SITE_INVALID' });
}

/** Whether `name` can be a branch at all, `stable` included: safe in file names and addresses. */
export function isBranchName(name: string): boolean {
  return NAME.test(name);
}
