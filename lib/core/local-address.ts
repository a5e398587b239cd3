/** How near a host is to this device, as far as its name or address tells; names are not looked up. */

/** This device itself, and what only exists on its own link (cloud metadata lives at 169.254.169.254). */
const DEVICE_OR_LINK = [
  /^(?:.+\.)?localhost\.?$/,
  /^(?:0|127)\.[\d.]+$/,
  /^169\.254\.[\d.]+$/,
  /^\[::1?\]$/,
  /^\[fe[89ab][0-9a-f]:/,
  /^\[::(?:ffff:)?(?:0|7f[0-9a-f]{2}|a9fe):[0-9a-f]+\]$/,
];

/** Private networks by address (RFC 1918, RFC 4193, also as IPv4-mapped IPv6), and names that only a private network has. */
const PRIVATE = [
  /^10\.[\d.]+$/,
  /^172\.(?:1[6-9]|2\d|3[01])\.[\d.]+$/,
  /^192\.168\.[\d.]+$/,
  /^\[f[cd][0-9a-f]{2}:/,
  /^\[::(?:ffff:)?(?:a[0-9a-f]{2}|ac1[0-9a-f]|c0a8):[0-9a-f]+\]$/,
  /^[^.[\]:]+$/,
  /\.(?:local|lan|internal|home\.arpa|fritz\.box)\.?$/,
];

/** 2: this device or its link; 1: a private network; 0: anywhere. `hostname` is that of a URL: lower case, addresses canonical. */
export function nearness(hostname: string): 0 | 1 | 2 {
  if (DEVICE_OR_LINK.some((pattern) => pattern.test(hostname))) return 2;
  return PRIVATE.some((pattern) => pattern.test(hostname)) ? 1 : 0;
}
