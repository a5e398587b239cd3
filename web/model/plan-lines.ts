/** What an installation would change, as lines of a list: each says how much, and unfolds to what exactly. */
import type { PlanSummary, PlannedFile } from '../../lib/core/device/plan-summary.ts';
import type { Strings } from '../strings/en.ts';
import { formatBytes } from './quantities.ts';
import { plainText } from './text.ts';

export interface PlanLine {
  kind:
    | 'download'
    | 'added'
    | 'changed'
    | 'removed'
    | 'edited'
    | 'foreign'
    | 'left'
    | 'conflicts'
    | 'restarts'
    | 'commands'
    | 'shadows'
    | 'unrestarted'
    | 'private';
  text: string;
  /** What it is about, one each. */
  items: string[];
}

/** Most important first; nothing for what there is none of. What would not fit is `plan.problem`. */
export function planLines(plan: PlanSummary, strings: Strings): PlanLine[] {
  const { added, changed, removed, edited, foreign, left, conflicts, restarts, commands, staged, download_bytes: bytes } = plan;
  const { shadows, unrestarted } = plan;
  const texts = strings.plan;
  const file = ({ path }: PlannedFile): string => path;
  const line = (kind: Exclude<PlanLine['kind'], 'download' | 'private'>, items: readonly string[] | null | undefined): PlanLine[] =>
    items === null || items === undefined || items.length === 0 ? [] : [{ kind, text: texts[kind](items.length), items: items.map(plainText) }];
  return [
    ...line('conflicts', conflicts),
    ...line(
      'foreign',
      foreign?.map(({ path }) => path),
    ),
    ...line('edited', edited),
    ...line('left', left),
    ...line(
      'shadows',
      shadows.map(({ path, command }) => `${path} (${command})`),
    ),
    ...line('unrestarted', unrestarted),
    ...line('restarts', restarts),
    ...line('commands', commands),
    {
      kind: 'download',
      text: staged ? strings.offer.staged : texts.download(bytes === null ? strings.unknown : formatBytes(bytes, strings)),
      items: [],
    },
    ...line('added', added.map(file)),
    ...line('changed', changed.map(file)),
    ...line('removed', removed?.map(file) ?? null),
    ...(removed === null ? [{ kind: 'private' as const, text: texts.private, items: [] }] : []),
  ];
}
