import type { Receipt } from './state.ts';

/**
 * The receipt as every user may see it. What a service or a command wrote may hold passwords and tokens: it is for those who may read
 * the journal, and for root's own history.
 */
export function publicReceipt(receipt: Receipt): Receipt {
  const { lines, commands } = receipt;
  if (lines.length === 0 && commands === undefined) return receipt;
  return { ...receipt, lines: [], ...(commands === undefined ? {} : { commands: commands.map(({ command }) => ({ command, lines: [] })) }) };
}

/** The same for whatever has a last result. */
export function withPublicResult<T extends { last_result: Receipt | null }>(state: T): T {
  const { last_result: last } = state;
  return last === null ? state : { ...state, last_result: publicReceipt(last) };
}
