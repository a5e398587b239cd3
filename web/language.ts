/** Which language is spoken where an element stands, and its texts. */
import { en } from './strings/en.ts';
import type { Strings } from './strings/en.ts';
import { stringsFor } from './strings/strings.ts';

export class Language {
  strings: Strings = en;
  /** False until those that are wanted are there for the first time. */
  isThere = false;
  readonly #changed: () => void;
  #tag: string | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Those that were wanted before stay until there are others. */
  follow(element: Element): void {
    const tag = languageOf(element);
    if (tag === this.#tag) return;
    this.#tag = tag;
    void stringsFor(tag).then((strings) => {
      if (tag !== this.#tag) return;
      this.strings = strings;
      this.isThere = true;
      this.#changed();
    });
  }
}

/** As the nearest `lang` says; that of the browser where there is none, or an empty one, which means that it is not known. */
function languageOf(element: Element): string {
  const nearest = element.closest('[lang]') ?? document.documentElement;
  return nearest.getAttribute('lang') || navigator.language;
}
