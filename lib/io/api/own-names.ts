/** The names and addresses by which this device can be called on its networks. */
import os from 'node:os';

/** In lower case, IPv6 in brackets. Addresses are left out where the sandbox does not let us ask for them. */
export function ownNames(): string[] {
  const name = os.hostname().toLowerCase();
  return [...new Set(['localhost', '127.0.0.1', '[::1]', name, `${name.split('.')[0] ?? name}.local`, ...addresses()])];
}

function addresses(): string[] {
  try {
    return Object.values(os.networkInterfaces())
      .flatMap((list) => list ?? [])
      .map(({ address, family }) => (family === 'IPv6' ? `[${address.split('%')[0] ?? address}]` : address));
  } catch {
    // Safe to ignore: it takes AF_NETLINK, and a name is what most people use.
    return [];
  }
}
