/**
 * How near an address is to this device. Names are judged as far as they tell; where one is looked up, the address that it has
 * decides. Blocks: IANA's special-purpose address registries (RFC 6890), read 2026.
 */

/** 2: this device or its link; 1: a private network; 0: anywhere. */
export type NetworkZone = 0 | 1 | 2;

/** A block of addresses: its first bytes, how many bits of them count, and how near they are. */
type Block = readonly [bytes: readonly number[], bits: number, near: NetworkZone];

const IPV4: readonly Block[] = [
  [[0], 8, 2],
  [[127], 8, 2],
  // Cloud metadata lives at 169.254.169.254.
  [[169, 254], 16, 2],
  [[224], 4, 2],
  [[255, 255, 255, 255], 32, 2],
  [[10], 8, 1],
  [[100, 64], 10, 1],
  [[172, 16], 12, 1],
  [[192, 0, 0], 24, 1],
  [[192, 168], 16, 1],
  [[198, 18], 15, 1],
  [[240], 4, 1],
];

const IPV6: readonly Block[] = [
  [[0xfe, 0x80], 10, 2],
  [[0xff], 8, 2],
  [[0xfc], 7, 1],
  [[0xfe, 0xc0], 10, 1],
  [[0x01, 0, 0, 0, 0, 0, 0, 0], 64, 1],
  // For translation inside one network (RFC 8215), wherever in it the IPv4 address is.
  [[0, 0x64, 0xff, 0x9b, 0, 1], 48, 1],
];

/** Where an IPv6 address carries an IPv4 one, and leads to it: the block, and the first byte. Teredo has it inverted. */
const CARRIERS: readonly (readonly [bytes: readonly number[], bits: number, at: number, inverted?: true])[] = [
  // Compatible (RFC 4291), mapped, translated (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 96, 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96, 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], 96, 12],
  [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96, 12],
  [[0, 0x64, 0xff, 0x9b, 0, 1], 48, 12],
  [[0x20, 0x02], 16, 2],
  [[0x20, 0x01, 0, 0], 32, 12, true],
];

/** Names that only this device has. */
const DEVICE_NAME = /^(?:.+\.)?localhost\.?$/;

/** Names that only a private network has. */
const PRIVATE_NAME = /^[^.[\]:]+$|\.(?:local|lan|internal|home\.arpa|fritz\.box)\.?$/;

/** `hostname` is that of a URL: lower case, addresses canonical, IPv6 in brackets. Of a name it is what the name alone tells. */
export function networkZone(hostname: string): NetworkZone {
  const bytes = bytesOf(hostname.replace(/^\[|\]$/g, ''));
  if (bytes !== null) return nearnessOfBytes(bytes);
  if (DEVICE_NAME.test(hostname)) return 2;
  return PRIVATE_NAME.test(hostname) ? 1 : 0;
}

/** Of an address, as a look-up or a socket has it. What is no address is as near as can be. */
export function zoneOfAddress(address: string): NetworkZone {
  const bytes = bytesOf(address);
  return bytes === null ? 2 : nearnessOfBytes(bytes);
}

/** For a message: `the private network`. */
export function describeZone(near: NetworkZone): string {
  return near === 2 ? 'this device or its link' : near === 1 ? 'the private network' : 'the Internet';
}

/** Whether an address is in a block such as 10.0.0.0/8 or fd00::/8. */
export function isInZone(address: string, block: string): boolean {
  const [base = '', bits = ''] = block.split('/');
  const [bytes, of] = [bytesOf(address.replace(/^\[|\]$/g, '')), bytesOf(base)];
  return bytes !== null && of !== null && bytes.length === of.length && startsWith(bytes, of, bits === '' ? of.length * 8 : Number(bits));
}

function nearnessOfBytes(bytes: readonly number[]): NetworkZone {
  const near = (bytes.length === 4 ? IPV4 : IPV6).find(([of, bits]) => startsWith(bytes, of, bits))?.[2] ?? 0;
  if (bytes.length === 4) return near;
  const carried = CARRIERS.filter(([of, bits]) => startsWith(bytes, of, bits)).map(([, , at, inverted]) =>
    nearnessOfBytes(bytes.slice(at, at + 4).map((byte) => (inverted === true ? byte ^ 0xff : byte))),
  );
  return [near, ...carried].reduce((a, b) => (a > b ? a : b));
}

function startsWith(bytes: readonly number[], of: readonly number[], bits: number): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (bits - bit))) & 0xff;
    if ((((bytes[bit / 8] ?? 0) ^ (of[bit / 8] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** The bytes of an address without brackets, or null. A zone (`%eth0`) does not count. */
function bytesOf(text: string): number[] | null {
  const plain = text.replace(/%.*$/, '');
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(plain)) {
    const bytes = plain.split('.').map(Number);
    return bytes.every((byte) => byte < 256) ? bytes : null;
  }
  if (!plain.includes(':') || !/^[0-9a-f:.]+$/i.test(plain)) return null;
  // The last two groups may be written as IPv4.
  const tail = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(plain);
  const last = tail?.[2] === undefined ? [] : bytesOf(tail[2]);
  if (last === null) return null;
  const groups = tail === null ? plain : (tail[1] ?? '').replace(/([^:]):$/, '$1');
  const [head = '', rest, more] = groups.split('::');
  if (more !== undefined) return null;
  const before = groupBytes(head);
  const after = [...groupBytes(rest ?? ''), ...last];
  const missing = 16 - before.length - after.length;
  if (rest === undefined ? missing !== 0 : missing < 0) return null;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

function groupBytes(text: string): number[] {
  return text === '' ? [] : text.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}
