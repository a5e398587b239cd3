/**
 * What the buttons send, and how each of these requests stands. A request has a name here; while it is on it is not sent again,
 * and when it fails the reason stays beside its button, with a way to send the very same once more.
 */
import type { Api } from './api/requests.ts';
import type { Answer, Failure } from './api/answers.ts';

export interface Problem {
  failure: Failure;
  retry: () => void;
}

export interface Surface {
  api: () => Api;
  /** How a request stands has changed. */
  changed: () => void;
  /** A request was granted: what is shown is not so any more. */
  granted: () => void;
}

/** The requests that start a run. Any other one that is refused was not done, and that is said. */
const STARTS = /^(check|apply|rollback)$/;

export class Actions {
  readonly #surface: Surface;
  #about = '';
  readonly #busy = new Set<string>();
  readonly #problems = new Map<string, Problem>();
  /** For requests of which it is not known whether they arrived. */
  readonly #keys = new Map<string, string>();

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  isBusy(name: string): boolean {
    return this.#busy.has(name);
  }

  problemOf(name: string): Problem | null {
    return this.#problems.get(name) ?? null;
  }

  /** With another run, or another release on offer, what failed before is past, and the next click is a new one. Says whether it is another. */
  turnTo(about: string): boolean {
    if (about === this.#about) return false;
    this.#about = about;
    this.#keys.clear();
    this.#problems.clear();
    return true;
  }

  /** The same key until there is an answer: what was lost on the way back is not started twice. `what` is what is started. */
  sendOnce(name: string, what: string, ask: (api: Api, key: string) => Promise<Answer<object>>): void {
    const key = this.#keys.get(what) ?? newKey();
    this.#keys.set(what, key);
    this.send(name, async (api) => {
      const answer = await ask(api, key);
      if (answer.is !== 'gone') this.#keys.delete(what);
      return answer;
    });
  }

  send(name: string, ask: (api: Api) => Promise<Answer<object>>): void {
    if (this.#busy.has(name)) return;
    const { api, granted, changed } = this.#surface;
    this.#busy.add(name);
    this.#problems.delete(name);
    changed();
    void ask(api()).then((answer) => {
      this.#busy.delete(name);
      // Another client may have started a run first: the running one is shown, and that is no failure.
      if (answer.is === 'ok' || (answer.failure.code === 'BUSY' && STARTS.test(name))) granted();
      else {
        const retry = (): void => {
          this.send(name, ask);
        };
        this.#problems.set(name, { failure: answer.failure, retry });
      }
      changed();
    });
  }
}

/** `crypto.randomUUID` is not there on plain http, which is what a Pi has. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');
}
