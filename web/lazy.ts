/** Something that is fetched when somebody wants to see it, and again when what it is about has changed. */
import type { Answer } from './api/requests.ts';

export class Lazy<T> {
  /** The last answer, and the one before where nobody answered; null while there is none. */
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
      // What was shown may be what somebody is just filling in.
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
