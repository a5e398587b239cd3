/** The dialog and what is in it: sections below each other, on a grid of 4 px, from 320 px on. */
import { css } from './css.ts';

export const layout = css`
  dialog,
  .panel {
    border: 1px solid var(--line);
    border-radius: calc(var(--radius) + 4px);
    color: var(--text);
    background: var(--ground);
    overflow: hidden;
    overflow-wrap: anywhere;
  }
  dialog {
    flex-direction: column;
    margin: auto;
    inline-size: 680px;
    box-shadow: 0 8px 48px rgb(0 0 0 / 40%);
  }
  dialog[open],
  .head,
  .headline,
  .row,
  .choice,
  summary {
    display: flex;
  }
  ::backdrop {
    background: rgb(0 0 0 / 40%);
  }
  .head {
    padding: 8px 24px;
    border-block-end: 1px solid var(--line);
    align-items: center;
  }
  .grow {
    flex: 1;
  }
  .body {
    overflow: auto;
    overscroll-behavior: contain;
  }
  .body > * {
    padding: 20px 24px;
    border-block-end: 1px solid var(--line);
  }
  .body > :last-child {
    border: 0;
  }
  .stack,
  section {
    display: grid;
    gap: 12px;
  }
  .headline,
  .choice {
    gap: 12px;
  }
  .headline > svg {
    margin-block: 2px;
  }
  .big > svg {
    inline-size: 32px;
    block-size: 32px;
    margin: 0;
  }
  #state {
    font-size: 1.33em;
    outline: 0;
  }
  .row {
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .spread {
    justify-content: space-between;
  }
  .note,
  .box,
  .log {
    background: var(--raised);
  }
  .box,
  .log {
    padding: 12px 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
  }
  .box {
    border-inline-start: 4px solid var(--tone);
  }
  summary {
    align-items: center;
    gap: 8px;
    min-block-size: 44px;
  }
  section > details > summary {
    margin-block: -10px;
  }
  summary > h3 {
    min-inline-size: min-content;
    overflow-wrap: break-word;
  }
  [open] > summary > svg {
    rotate: 180deg;
  }
  section > details > div {
    padding-block-start: 16px;
  }
  .rows > li > .headline,
  .choice {
    padding-block: 10px;
  }
  .choice input {
    min-block-size: 20px;
    inline-size: 20px;
    margin: 2px 0;
    flex: none;
  }
  form.row,
  .fields {
    align-items: end;
  }
  .all {
    flex: 1 1 100%;
  }
  .field {
    display: grid;
    gap: 4px;
  }
  .field,
  dl > div {
    flex: 1 1 128px;
  }
  pre,
  .mono {
    font: 0.87em/1.5 monospace;
  }
  pre,
  .notes,
  .log p {
    text-align: start;
    white-space: pre-wrap;
  }
  .tall {
    max-block-size: 320px;
    overflow: auto;
  }
  /* Begins at its end, and stays there unless it is scrolled up. */
  .log {
    display: flex;
    flex-direction: column-reverse;
    block-size: 320px;
  }
  .log > div {
    margin-block-end: auto;
  }
  @media (max-width: 720px) {
    dialog {
      inline-size: 100vw;
      max-inline-size: none;
      block-size: 100dvh;
      max-block-size: none;
      border: 0;
      border-radius: 0;
    }
    .head,
    .body > * {
      padding-inline: 16px;
    }
    .actions > :not(.quiet) {
      flex: 1 1 100%;
    }
  }
`;
