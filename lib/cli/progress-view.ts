/** Shows progress as it comes: one line that is drawn anew on a terminal, otherwise a line for each phase and quarter. */
import type { Progress } from '../core/device/state.ts';
import type { Terminal } from './deps.ts';
import { phaseText, progressBar, progressText } from './progress-line.ts';
import { REDRAW } from './say.ts';

export interface ProgressView {
  show: (progress: Progress) => void;
  /** Removes the bar, so that the next line starts at the margin. */
  end: () => void;
}

export function progressView(terminal: Terminal): ProgressView {
  return terminal.isTerminal ? barView(terminal) : lineView(terminal);
}

/** For `--json`: nothing but the result. */
export function noView(): ProgressView {
  return { show: () => undefined, end: () => undefined };
}

function barView(terminal: Terminal): ProgressView {
  let drawn = '';
  return {
    show: (progress) => {
      const line = progressBar(progress, terminal.columns());
      if (line !== drawn) terminal.out(`${REDRAW}${line}`);
      drawn = line;
    },
    end: () => {
      if (drawn !== '') terminal.out(REDRAW);
      drawn = '';
    },
  };
}

function lineView(terminal: Terminal): ProgressView {
  let last = '';
  return {
    show: (progress) => {
      const quarter = progress.percent === null ? 0 : Math.floor(progress.percent / 25);
      const key = `${phaseText(progress)} ${String(quarter)}`;
      if (key !== last) terminal.out(`${progressText(progress)}\n`);
      last = key;
    },
    end: () => undefined,
  };
}
