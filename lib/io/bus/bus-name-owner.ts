/** Who has a name on the bus: systemd leaves its own for a moment when it re-executes itself, and returns with another unique name. */

export interface NameOwner {
  /** Signals count only from it, because anybody on the bus can send us one. Empty while no process has the name. */
  current: () => string;
  set: (owner: string) => void;
  /** Resolves once a process has the name. */
  present: () => Promise<void>;
}

export function nameOwner(): NameOwner {
  let current = '';
  let waiting: (() => void)[] = [];
  return {
    current: () => current,
    set: (owner) => {
      current = owner;
      if (owner === '') return;
      for (const go of waiting) go();
      waiting = [];
    },
    present: () => {
      if (current !== '') return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
