import net from 'node:net';
import { expect, it } from 'vitest';
import { clientOf } from '../../../lib/api/client-of.ts';

/** A socket that is connected to nothing, or says that it is to this address. */
function from(remoteAddress: string | undefined): net.Socket {
  return Object.defineProperty(new net.Socket(), 'remoteAddress', { value: remoteAddress });
}

it('believes the proxy of the unix socket only, and of what it says the end only', () => {
  const client = (address: string | undefined, forwarded?: string): string =>
    clientOf({ socket: from(address), headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } });
  expect(client('127.0.0.1', '10.0.0.1')).toBe('127.0.0.1');
  expect(client(undefined, 'made-up, 192.0.2.7')).toBe('192.0.2.7');
  expect(client(undefined, 'x'.repeat(5000))).toHaveLength(64);
  expect(client(undefined)).toBe('');
});
