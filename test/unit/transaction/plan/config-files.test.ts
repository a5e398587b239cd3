import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { configRule } from '../../../../lib/transaction/plan/config-files.ts';
import { placeIn, releaseChange } from '../../../helpers/change.ts';
import { anInstalled } from '../../../helpers/documents.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const CONF = '/etc/pikit/site.conf';
const PENDING = `${CONF}.pikit-new`;
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Case {
  name: string;
  /** What is on the device. */
  live: string | null;
  pending?: string;
  /** What the installed release brought. */
  shipped: string | null;
  /** What the new release has. */
  ours: string;
  puts: string[];
  kept: string[];
  pendingStays: boolean;
}

const CASES: Case[] = [
  { name: 'first-install', live: null, shipped: null, ours: '1', puts: [CONF], kept: [], pendingStays: false },
  { name: 'there-before-the-first-install', live: 'mine', shipped: null, ours: '1', puts: [PENDING], kept: [PENDING], pendingStays: false },
  { name: 'untouched-and-new', live: '1', shipped: '1', ours: '2', puts: [CONF], kept: [], pendingStays: false },
  { name: 'edited-and-new', live: 'mine', shipped: '1', ours: '2', puts: [PENDING], kept: [PENDING], pendingStays: false },
  { name: 'edited-and-nothing-new', live: 'mine', shipped: '1', ours: '1', puts: [], kept: [], pendingStays: false },
  { name: 'edited-nothing-new-one-pending', live: 'mine', pending: '2', shipped: '2', ours: '2', puts: [], kept: [PENDING], pendingStays: true },
  {
    name: 'edited-new-again-one-pending',
    live: 'mine',
    pending: '2',
    shipped: '2',
    ours: '3',
    puts: [PENDING],
    kept: [PENDING],
    pendingStays: false,
  },
  { name: 'pending-removed-by-the-owner', live: 'mine', shipped: '2', ours: '2', puts: [], kept: [], pendingStays: true },
  { name: 'pending-taken-over-by-the-owner', live: '2', pending: '2', shipped: '2', ours: '3', puts: [CONF], kept: [], pendingStays: false },
  { name: 'edited-to-what-we-bring', live: '2', shipped: '1', ours: '2', puts: [CONF], kept: [], pendingStays: false },
  { name: 'removed-by-the-owner', live: null, shipped: '1', ours: '2', puts: [CONF], kept: [], pendingStays: false },
];

describe('configRule', () => {
  it.each(CASES)('$name', ({ name, live, pending, shipped, ours, puts, kept, pendingStays }) => {
    const place = placeIn(dir());
    writeTree(dir(), { ...(live === null ? {} : { [CONF]: live }), ...(pending === undefined ? {} : { [PENDING]: pending }) });
    const listed = (path: string, text: string): { path: string; sha256: string; size: number; mode: string } => ({
      path,
      sha256: sha(text),
      size: 1,
      mode: '0644',
    });
    const wasPending = pending !== undefined || name === 'pending-removed-by-the-owner';
    const files = shipped === null ? [] : [listed(CONF, shipped), ...(wasPending ? [listed(PENDING, shipped)] : [])];
    const installed = anInstalled({ files });
    const change = releaseChange(place, { version: '2.0.0', files: { [CONF]: { text: ours, config: true } } }, installed);
    const ruled = configRule(place, change, new Map(files.map((file) => [file.path, file.sha256])));
    expect(ruled.puts.filter((put) => put.listed).map((put) => put.path)).toEqual(puts);
    expect(ruled.kept).toEqual(kept);
    expect(ruled.deletes).toEqual(wasPending && !pendingStays ? [PENDING] : []);
    expect(ruled.listed).toEqual([listed(CONF, ours), ...(kept.length > 0 ? [listed(PENDING, ours)] : [])]);
  });

  it('leaves a directory in its place to the plan', () => {
    const place = placeIn(dir());
    writeTree(dir(), { [`${CONF}/x`]: 'x' });
    const change = releaseChange(place, { version: '2.0.0', files: { [CONF]: { text: '1', config: true } } }, null);
    expect(configRule(place, change, new Map()).puts).toHaveLength(2);
  });
});
