/** Starts tasks in order, so many at a time. A task that fails fails its own promise only. */
export function inLanes<T>(tasks: readonly (() => Promise<T>)[], lanes: number): Promise<T>[] {
  const results: Promise<T>[] = [];
  for (const [index, task] of tasks.entries()) {
    const before = results[index - lanes];
    const result = before === undefined ? task() : before.then(task, task);
    // Its caller is told when it awaits it; until then it is no unhandled rejection.
    result.catch(() => undefined);
    results.push(result);
  }
  return results;
}
