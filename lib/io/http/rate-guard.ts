import { pause } from '../clock.ts';
import type { Valve } from './download-agent.ts';

const WINDOW_MS = 30_000;

/** Watches the rate of one transfer: signals when it stays below the slowest allowed for 30 s, and slows it to the fastest. */
export class RateGuard {
  readonly tooSlow: AbortSignal;
  readonly #maxRate: number;
  readonly #timer: NodeJS.Timeout;
  readonly #started = performance.now();
  #total = 0;
  #pausing = false;
  /** Whether there was a pause of ours in this window. */
  #paused = false;

  constructor(minRate: number, maxRate: number) {
    this.#maxRate = maxRate;
    const controller = new AbortController();
    this.tooSlow = controller.signal;
    let before = 0;
    this.#timer = setInterval(() => {
      // A window in which we made the server wait says nothing about the server.
      if (!this.#paused && this.#total - before < minRate * (WINDOW_MS / 1000)) controller.abort();
      before = this.#total;
      this.#paused = this.#pausing;
    }, WINDOW_MS);
    this.#timer.unref();
  }

  /** Counts bytes that arrived and returns the average rate so far, in bytes per second. */
  count(bytes: number): number {
    this.#total += bytes;
    return Math.round(this.#total / Math.max(0.001, (performance.now() - this.#started) / 1000));
  }

  /** Waits with the valve shut until the bytes so far fit under the fastest allowed rate. */
  async throttle(signal: AbortSignal, valve: Valve): Promise<void> {
    if (this.#maxRate === 0) return;
    const dueMs = (this.#total / this.#maxRate) * 1000;
    const elapsedMs = performance.now() - this.#started;
    if (dueMs <= elapsedMs + 5) return;
    this.#paused = true;
    this.#pausing = true;
    valve.shut();
    await pause(dueMs - elapsedMs, signal);
    valve.open();
    this.#pausing = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
