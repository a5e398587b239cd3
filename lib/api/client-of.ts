/** Whom a request comes from, for sharing what there is too little of. Nothing is opened by it. */
import type { IncomingMessage } from 'node:http';

/**
 * The address that connects; on the unix socket, which only a web server may open, the one that it has seen: the last entry is its
 * own, and those before may be made up. Empty where it says nothing: then all who come through it are one.
 */
export function clientOf({ socket, headers }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
  if (socket.remoteAddress !== undefined) return socket.remoteAddress;
  const forwarded = headers['x-forwarded-for'] ?? '';
  return (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',').at(-1)?.trim().slice(0, 64) ?? '';
}
