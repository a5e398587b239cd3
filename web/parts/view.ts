/** What the parts of the widget are drawn from, and what they may ask of it. */
import type { AutoAnswer, BranchesAnswer, HistoryAnswer, PlanAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Actions } from '../actions.ts';
import type { Link } from '../api/link.ts';
import type { Lazy } from '../lazy.ts';
import type { Chip } from '../model/chip.ts';
import type { Strings } from '../strings/en.ts';
import type { TemplateResult } from 'lit';

/** What unfolds. */
export type Fold = 'plan' | 'auto' | 'branch' | 'logs' | 'history';

/** What is asked once more before it is done. */
export type Question = 'apply' | 'rollback';

export interface View {
  readonly strings: Strings;
  readonly nowMs: number;
  readonly link: Link;
  readonly chip: Chip;
  readonly actions: Actions;
  readonly question: Question | null;
  readonly unfolded: ReadonlySet<Fold>;
  readonly plan: Lazy<PlanAnswer>;
  readonly branches: Lazy<BranchesAnswer>;
  readonly history: Lazy<HistoryAnswer>;
  readonly automatic: Lazy<AutoAnswer>;
  /** The log of the update, wherever it is kept: the panel itself is `LogPanel` of logs.ts. */
  readonly logs: { show: (view: View) => TemplateResult };
  /** The version that took the place of the one this page is of. */
  readonly replaced: string | null;
  ask: (question: Question | null) => void;
  unfold: (fold: Fold, isOpen: boolean) => void;
  /** Unfolds the logs and goes there. */
  showLogs: () => void;
  retry: () => void;
}
