/** The chip, buttons and fields: whatever is pressed or filled in is 44 px high at least. */
import { css } from './css.ts';

export const controls = css`
  button,
  input,
  select {
    min-block-size: 44px;
    padding: 8px 16px;
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    color: inherit;
    background: var(--ground);
    font: inherit;
    max-inline-size: 100%;
  }
  button,
  summary,
  label {
    cursor: pointer;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    font-weight: 600;
  }
  button:hover {
    border-color: currentcolor;
  }
  .primary {
    border-color: var(--accent);
    color: var(--on-accent);
    background: var(--accent);
  }
  .quiet {
    padding: 8px;
    border-color: transparent;
    color: var(--accent);
  }
  .chip {
    flex-wrap: wrap;
    padding: 4px 12px;
    border-radius: 22px;
  }
  .mark {
    display: flex;
    align-items: center;
    gap: 4px;
    font-weight: 400;
  }
  progress {
    inline-size: 100%;
    block-size: 12px;
  }
`;
