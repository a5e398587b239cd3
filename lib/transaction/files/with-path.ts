/** Node's errors about a descriptor (ENOSPC, EIO of a read or a write) do not say which file it was. */

/** The error, with the path in its message and as its `path` where it had none. */
export function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  if (!error.message.includes(path)) error.message += ` '${path}'`;
  if (!('path' in error)) Reflect.set(error, 'path', path);
  return error;
}
