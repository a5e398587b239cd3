/** Commands that hints tell the owner to type: a path in one has to reach the program as it is, whatever characters it has. */

/** Means nothing to any shell, wherever it stands. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** `text` as one word of a POSIX shell: as it is where that is safe, in single quotes otherwise. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Several of them, separated by blanks. */
export function shellWords(texts: readonly string[]): string {
  return texts.map(shellWord).join(' ');
}
