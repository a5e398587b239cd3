/** The link between this page and the device: what is known of it, and the watch that keeps it. */
import type { Failure } from './answers.ts';

/** `doubt`: no answer yet, and no reason. */
export type Sign = 'answer' | 'doubt' | Failure;

/**
 * `live`: what is shown is so. `slow`: there is no answer yet. `reconnecting`: what is shown was so a while ago. `gone`: there is no usable answer, for a reason; the widget keeps trying.
 */
export type Link = { is: 'connecting' } | { is: 'live' } | { is: 'slow' } | { is: 'reconnecting' } | { is: 'gone'; failure: Failure };

export interface Watch {
  /** Nothing is said or asked after that. */
  close: () => void;
  /** Tries again now. */
  retry: () => void;
  /** There should be news: looks for them, unless they come by themselves. */
  look: () => void;
}
