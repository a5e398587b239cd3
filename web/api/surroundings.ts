/** What the widget needs of its page: the network, the clock, and whether anybody looks. Tests give their own. */

/** What is used of an EventSource. */
export interface Source {
  addEventListener: (type: string, listener: (event: Event) => void) => void;
  close: () => void;
}

/** What is used of a document or a window. */
export type Signals = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

export interface Surroundings {
  open: (url: string) => Source;
  fetch: typeof fetch;
  now: () => number;
  /** Calls once, unless the returned function is called before. */
  after: (ms: number, call: () => void) => () => void;
  document: Signals & { readonly visibilityState: string };
  window: Signals;
  warn: (message: string) => void;
}

/** Those of the page. */
export function browser(): Surroundings {
  return {
    open: (url) => new EventSource(url),
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    after: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => {
        clearTimeout(timer);
      };
    },
    document,
    window,
    warn: (message) => {
      console.warn(`pikit-updates: ${message}`);
    },
  };
}
