/** The word that was probably meant: one typing error away, or two from a longer one; null when there is none. */
export function closestWord(typed: string, words: readonly string[]): string | null {
  const ranked = words.map((word) => ({ word, errors: typingErrors(typed, word) })).sort((a, b) => a.errors - b.errors);
  const best = ranked[0];
  return best !== undefined && best.errors <= (best.word.length > 4 ? 2 : 1) ? best.word : null;
}

/** Letters left out, added, replaced or swapped with their neighbour, after Damerau. */
function typingErrors(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      const costs = [at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (same ? 0 : 1)];
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) costs.push(at(beforeLast, j - 2) + 1);
      row.push(Math.min(...costs));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
