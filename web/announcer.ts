/** What a screen reader is told: each phase once, and nothing of what was so when the page came. */
export class Announcer {
  #known: string | null = null;
  #said = '';

  /** The text that is read out when it changes. */
  get said(): string {
    return this.#said;
  }

  /** What is so now. */
  take(text: string): void {
    if (this.#known !== null && text !== this.#known) this.#said = text;
    this.#known = text;
  }

  /** Nothing is left to be read out again. */
  hush(): void {
    this.#said = '';
  }
}
