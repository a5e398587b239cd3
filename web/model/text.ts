/** Text of others, as text. */

/** What there is of these, in one line. */
export function joined(parts: readonly (string | null)[], between = ' · '): string {
  return parts.filter((part) => part !== null).join(between);
}

/** What turns the text around it, or hides in it. */
const TRICKS = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
const CONTROLS = /[^\P{Cc}\n\t]/gu;

/** Control characters can be seen, and nothing turns or hides what is around it. Line ends and tabs stay. */
export function plainText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(TRICKS, '')
    .replace(CONTROLS, (control) => {
      const code = control.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2421';
    });
}

/** As the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
