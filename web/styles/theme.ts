/**
 * Colours, type and spacing, in one place. A dashboard sets `--pikit-updates-*` from outside; light and dark follow the
 * `color-scheme` of the page, or the attribute `theme`. Every pair of text and ground has a contrast of 4.5 at least.
 */
import { css } from './css.ts';

export const theme = css`
  :host {
    --accent: var(--pikit-updates-accent, light-dark(#05b, #7bf));
    --on-accent: var(--pikit-updates-on-accent, var(--ground));
    --ground: var(--pikit-updates-background, light-dark(#fff, #1b1d22));
    --raised: var(--pikit-updates-surface, #8881);
    --text: var(--pikit-updates-text, light-dark(#222, #eee));
    --muted: var(--pikit-updates-muted, light-dark(#566, #aab));
    --line: var(--pikit-updates-border, #8885);
    --edge: var(--pikit-updates-control-border, #889);
    --ok: var(--pikit-updates-ok, light-dark(#163, #6d8));
    --warning: var(--pikit-updates-warning, light-dark(#840, #fc5));
    --danger: var(--pikit-updates-danger, light-dark(#b22, #f98));
    --radius: var(--pikit-updates-radius, 10px);
    --tone: var(--accent);
    accent-color: var(--accent);
    display: inline-block;
    color: var(--text);
    font: 400 max(15px, 0.9375rem) / 1.5 var(--pikit-updates-font, system-ui, sans-serif);
    font-variant-numeric: tabular-nums;
  }
  :host(:dir(rtl)) {
    text-align: right;
  }
  :host([inline]) {
    display: block;
  }
  :host([hidden]) {
    display: none;
  }
  :host([theme='light']) {
    color-scheme: light;
  }
  :host([theme='dark']) {
    color-scheme: dark;
  }
  * {
    box-sizing: border-box;
    min-inline-size: 0;
    margin: 0;
    padding: 0;
    list-style: none;
    unicode-bidi: plaintext;
  }
  fieldset {
    border: 0;
  }
  h2,
  h3 {
    font: inherit;
    font-weight: 600;
  }
  a {
    color: var(--accent);
  }
  svg {
    inline-size: 20px;
    block-size: 20px;
    flex: none;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  .muted,
  dt {
    color: var(--muted);
  }
  .small,
  dt {
    font-size: 0.87em;
  }
  .neutral {
    --tone: var(--muted);
  }
  .ok {
    --tone: var(--ok);
  }
  .warning {
    --tone: var(--warning);
  }
  .danger {
    --tone: var(--danger);
  }
  .toned > svg,
  .tone {
    color: var(--tone);
  }
  .turns {
    animation: turn 1.2s linear infinite;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .turns {
      animation: none;
    }
    progress:indeterminate {
      appearance: none;
    }
  }
`;
