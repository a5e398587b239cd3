const CONTROLS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** One line for a terminal: what a server sent may otherwise move the cursor, colour or reorder what is around it. */
export function printable(text: string): string {
  return text.replace(CONTROLS, ' ');
}

/** The same for a text of several lines, cut to a number of them. */
export function printableLines(text: string, most: number): string[] {
  const lines = text.trim() === '' ? [] : text.trim().split(/\r?\n/).map(printable);
  return lines.length > most ? [...lines.slice(0, most), '…'] : lines;
}
