/** For a process that outlives its connection to the bus: steady-units.ts. */
import type { UpdateError } from '../../core/errors.ts';

export interface ConnectOptions {
  /** How long an answer may take; 25 s by default. */
  callTimeoutMs?: number;
  /** The connection was lost, and no other call will succeed. Called at most once, and not after `close`. */
  onLost?: (error: UpdateError) => void;
  /** systemd has read its units or executed itself anew: anything may have changed without a word. */
  onNews?: () => void;
}
