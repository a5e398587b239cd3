/** The chip in the top bar: the one thing to know now, and the way to everything else. */
import type { TemplateResult } from 'lit';
import { html } from 'lit/html.js';
import type { Chip } from '../model/chip.ts';
import { icon } from './icons.ts';

/** Colour is never the only signal. */
export function chipIcon({ kind, tone }: Chip): TemplateResult {
  return icon(tone === 'busy' ? 'running' : kind);
}

export function chipButton(chip: Chip, isOpen: boolean, open: () => void): TemplateResult {
  const { text, note, tone, name } = chip;
  return html`<button class="chip" aria-haspopup="dialog" aria-expanded=${isOpen} aria-label=${name} @click=${open}>
    <span class="tone ${tone} mark">${chipIcon(chip)}</span>${text} ${note && html`<span class="mark muted">${note}</span>`}
  </button>`;
}
