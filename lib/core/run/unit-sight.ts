/** What is known of a unit from outside. */
export interface UnitSight {
  /** Running, or about to end. */
  active: boolean;
  /** Its start is queued behind something else, and has not begun. */
  waiting: boolean;
  /** How its last run ended: `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit` …; null when it is not known. */
  result: string | null;
  /** Exit status of its last run, for example 75 when another step had the lock; null when it is not known. */
  exitStatus: number | null;
  /** Id of the start that is running, or was the last one; null when it is not known. The program has it as INVOCATION_ID. */
  invocation: string | null;
  /** When that began; where its last start was refused (`start-limit-hit`), when that was. */
  since: string | null;
}
