/** Release notes as plain text with links. Whatever else is in them is shown as it was written. */
import { plainText } from './text.ts';

/** Text, and where it leads. */
export interface NotesPart {
  text: string;
  href: string | null;
}

/** No page has use for more. */
const MOST_CHARS = 65_536;
const MOST_URL = 2000;
const LINKS = /\[([^\][\n]{1,200})\]\((https?:[^()\s]{1,2000})\)|https?:\/\/[^\s<>"'`[\]{}|]{1,2000}/gi;

/** Addresses become links; a link with a text of its own says where it leads. Lines stay lines. */
export function parseNotes(notes: string): NotesPart[] {
  const text = plainText(notes.slice(0, MOST_CHARS)).trim();
  const parts: NotesPart[] = [];
  let at = 0;
  const push = (end: number, words: string, href: string | null): void => {
    if (words !== '') parts.push({ text: words, href });
    at = end;
  };
  for (const { 0: all, 1: label, 2: target, index } of text.matchAll(LINKS)) {
    const url = target ?? withoutEnd(all);
    const href = safeLink(url);
    if (href === null) continue;
    push(index, text.slice(at, index), null);
    push(index + (target === undefined ? url : all).length, label === undefined ? url : `${label} (${new URL(href).host})`, href);
  }
  push(0, text.slice(at), null);
  return parts;
}

/** The address, if a link may lead there: http or https, no login in it, and a host in plain letters as it is written. */
export function safeLink(url: string): string | null {
  if (url.length > MOST_URL || plainText(url) !== url || !URL.canParse(url)) return null;
  const { protocol, username, password, hostname, origin, href } = new URL(url);
  const isWeb = protocol === 'http:' || protocol === 'https:';
  // What is written has to be what is gone to: no letters of other scripts that look the same, no escapes, no backslashes.
  return isWeb && username + password === '' && !/(?:^|\.)xn--/.test(hostname) && url.toLowerCase().startsWith(origin) ? href : null;
}

/** The sentence goes on after the address. */
function withoutEnd(url: string): string {
  const end = /[.,;:!?*_~]+$/.exec(url)?.index ?? url.length;
  const cut = url.slice(0, end);
  return cut.endsWith(')') && !cut.includes('(') ? cut.slice(0, -1) : cut;
}
