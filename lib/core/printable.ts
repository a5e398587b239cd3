/**
 * Text from outside, made harmless where people read it, without losing what people write: any script, and emoji made of several
 * characters. What is told to a person passes here: logs, command lines, notices. Data stays as it is.
 */

/** Moves the cursor, colours, ends the line, or reorders what is around it. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Draws nothing, and makes two names that look the same: no-break and word joiners, soft hyphen, fillers, annotations, tags. */
const INVISIBLE = /[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]/gu;

/** Joiners have their place between letters (Persian, Indic scripts) and between the parts of an emoji. */
const STRAY_JOINERS =
  /(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu;

/** Tags spell a region behind a black flag, and hide text anywhere else. */
const TAGS = /(\u{1f3f4}[\u{e0061}-\u{e007a}\u{e0030}-\u{e0039}]+\u{e007f})|[\u{e0000}-\u{e007f}]/gu;

/** Half a character. */
const SURROGATES = /\p{Cs}/gu;

/** One line for a terminal or a log: what a server sent may otherwise move the cursor, colour or reorder what is around it. */
export function printable(text: string): string {
  return text
    .replace(CONTROLS, ' ')
    .replace(TAGS, (_all, flag: string | undefined) => flag ?? '')
    .replace(INVISIBLE, '')
    .replace(STRAY_JOINERS, '')
    .replace(SURROGATES, '\ufffd');
}

/** The same for a text of several lines, cut to a number of them. */
export function printableLines(text: string, most: number): string[] {
  const lines = text.trim() === '' ? [] : text.trim().split(/\r?\n/).map(printable);
  return lines.length > most ? [...lines.slice(0, most), '…'] : lines;
}

/** For a value that a message quotes: what `printable` takes away is written out as `\u202e`, so that two values stay two. */
export function escaped(text: string): string {
  return text
    .replace(CONTROLS, asEscape)
    .replace(TAGS, (all, flag: string | undefined) => flag ?? asEscape(all))
    .replace(INVISIBLE, asEscape)
    .replace(STRAY_JOINERS, asEscape)
    .replace(SURROGATES, asEscape);
}

/** JSON that a terminal may show: the same value, with the same characters written as JSON's own escapes. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).split('\n').map(escaped).join('\n');
}

function asEscape(characters: string): string {
  return Array.from({ length: characters.length }, (_each, at) => `\\u${characters.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
}
