/** Content that is fetched when it is first shown, and again when its subject has changed. */
import type { Answer } from './api/answers.ts';

export class Lazy<T> {
  /** The last answer, or the one before if the last request failed; null while there is none. */
  answer: Answer<T> | null = null;
  readonly #ask: () => Promise<Answer<T>>;
  readonly #changed: () => void;
  #about: string | null = null;

  constructor(ask: () => Promise<Answer<T>>, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  get value(): T | null {
    return this.answer?.is === 'ok' ? this.answer.value : null;
  }

  /** `about` names all that the answer depends on: while it is the same, nothing is asked again. */
  want(about: string): void {
    if (about === this.#about) return;
    this.#about = about;
    void this.#ask().then((answer) => {
      // What is wanted may have changed in the meantime.
      if (about !== this.#about) return;
      // The shown content may be a form that the user is filling in.
      if (answer.is !== 'gone' || this.value === null) this.answer = answer;
      this.#changed();
    });
  }

  readonly again = (): void => {
    const about = this.#about;
    this.forget();
    if (about !== null) this.want(about);
    this.#changed();
  };

  forget(): void {
    this.#about = null;
    this.answer = null;
  }
}
