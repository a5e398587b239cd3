/** Time as it passes. */
import type { MockClock } from './player.ts';

export function wallClock(): MockClock {
  return {
    now: () => new Date(),
    after: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
