/** Many who ask the same at once: each gets an answer that is not older than its question, for two questions at most. */

/**
 * While an answer for a key is outstanding, all who ask for it again share the one question that is put after it: the first
 * was put before they asked, and may be too early for them.
 */
export function shareRequests<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const outstanding = new Map<string, Promise<T>>();
  const following = new Map<string, Promise<T>>();

  function put(key: string): Promise<T> {
    following.delete(key);
    const answer = ask(key).finally(() => {
      if (outstanding.get(key) === answer) outstanding.delete(key);
    });
    outstanding.set(key, answer);
    return answer;
  }

  return (key) => {
    const shared = following.get(key);
    if (shared !== undefined) return shared;
    const before = outstanding.get(key);
    if (before === undefined) return put(key);
    const after = before.then(
      () => put(key),
      () => put(key),
    );
    following.set(key, after);
    return after;
  };
}
