/** What the owner can set so that a release fits this device: the file, the key, and the very value. */

const FILE = "'/etc/pikit/update.toml'";

function setting(table: string, line: string): string {
  const [key = ''] = line.split(' ');
  return `set ${table}.${key} in ${FILE}: \`${line}\` below [${table}]`;
}

const list = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;

/** A unit that a release may restart, beside those that it may already. */
export function allowUnit(unit: string, { allow }: { allow: readonly string[] }): string {
  return `if a release may restart it, ${setting('services', `allow = ${list([...allow, unit])}`)}; then check again`;
}

export function allowFiles(count: number): string {
  return `if you want a release of that size, ${setting('limits', `files = ${String(count)}`)}; then check again`;
}

const MIB = 1024 * 1024;

export function allowBundle(bytes: number): string {
  return `if you want a release of that size, ${setting('limits', `bundle_bytes = "${String(Math.ceil(bytes / MIB))}MiB"`)}; then check again`;
}

export function allowUnsigned(): string {
  return `if you trust the server and the connection with root's rights, ${setting('post_install', 'allow_unsigned = true')}; then check again`;
}

/** A target for a path of a release that none covers; `isDefault` when the device has those that nothing was said about. */
export function addTarget(path: string, isDefault: boolean): string {
  const slash = path.indexOf('/');
  const from = slash < 0 ? path : path.slice(0, slash + 1);
  const to = slash < 0 ? `/usr/local/bin/${path}` : `/var/www/${from}`;
  const lines = `\`[[target]]\`, \`from = "${from}"\`, \`to = "${to}"\``;
  const others = isDefault
    ? '; the three default targets are commented out there and count only while no other is set: take their # away as well'
    : '';
  return `if you want it, add three lines to ${FILE} (the place is yours to choose): ${lines}${others}`;
}
