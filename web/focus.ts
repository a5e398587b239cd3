/** Where the keyboard is: what is drawn anew does not lose it. */

/** An element, or how to find it once it is drawn. */
type Goal = Element | string;

export class Focus {
  readonly #root: ShadowRoot;
  #goal: Goal | null = null;
  #lender: Element | null = null;

  constructor(root: ShadowRoot) {
    this.#root = root;
  }

  /** Once what has it is drawn. */
  moveTo(goal: Goal): void {
    this.#goal = goal;
  }

  /** To a question, until that is answered. */
  lend(goal: Goal): void {
    this.#lender = this.#root.activeElement;
    this.#goal = goal;
  }

  /** To what had it before the question. */
  giveBack(): void {
    this.#goal = this.#lender;
  }

  /** Call it before something is drawn, and what it returns afterwards: to where it was sent; and to the heading when what had it is gone. */
  keep(): () => void {
    const focused = this.#root.activeElement;
    return () => {
      const isLost = this.#goal !== null || focused?.isConnected === false;
      const wanted = typeof this.#goal === 'string' ? this.#root.querySelector(this.#goal) : this.#goal;
      const to = wanted?.isConnected === true ? wanted : isLost ? this.#root.querySelector('#state') : null;
      this.#goal = null;
      if (to instanceof HTMLElement) to.focus();
    };
  }
}
