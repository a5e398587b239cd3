/** Small drawings beside words, never instead of them: hidden from screen readers. */
import type { TemplateResult } from 'lit';
import { html } from 'lit/html.js';

const RING = 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18';
const TICK = `${RING}m-4 9 3 3 5-6`;
const CLOCK = `${RING}m0 4v5l3 2`;
const STRUCK = `${RING}m-6.4 2.6 12.8 12.8`;
const CROSS = 'm6 6 12 12M18 6 6 18';
const TURNING = 'M21 12a9 9 0 1 1-6-8.5';

/** By what a chip, a step or a receipt says. */
const DRAWINGS: Readonly<Record<string, string>> = {
  'up-to-date': TICK,
  ok: TICK,
  done: TICK,
  skipped: RING,
  nothing: RING,
  available: `${RING}m0 5v8m-3.5-3.5L12 16l3.5-3.5`,
  slow: CLOCK,
  stale: CLOCK,
  waiting: CLOCK,
  gone: STRUCK,
  offline: STRUCK,
  'rolled-back': 'M4 9h10a5.5 5.5 0 0 1 0 11h-4M8 5 4 9l4 4',
  cancelled: CROSS,
  close: CROSS,
  down: 'm6 9 6 6 6-6',
  connecting: TURNING,
  running: TURNING,
};

/** What has no drawing of its own is something to look at. */
export function icon(name: string): TemplateResult {
  const drawing = DRAWINGS[name] ?? `${RING}m0 5v5m0 3.5v.5`;
  return html`<svg viewBox="0 0 24 24" aria-hidden="true" class=${drawing === TURNING ? 'turns' : ''}><path d=${drawing} /></svg>`;
}
