/** What the owner should know of an installation although nothing failed, in words. */
export interface Remarked {
  shadows?: readonly { path: string; command: string }[] | undefined;
  unrestarted?: readonly string[] | undefined;
}

/** One sentence each; none where there is nothing to say. */
export function remarks({ shadows = [], unrestarted = [] }: Remarked): string[] {
  return [
    ...shadows.map(({ path, command }) => `'${path}' is found before the system command '${command}' and runs instead of it`),
    ...unrestarted.map((path) => `nothing restarts '${path}': it keeps running the old file`),
  ];
}

/** What to do about it, or null. */
export function remarksHint({ shadows = [], unrestarted = [] }: Remarked): string | null {
  const parts = [
    ...(unrestarted.length === 0 ? [] : ["restart it yourself, and add its unit to services.restart in '/etc/pikit/update.toml'"]),
    ...(shadows.length === 0 ? [] : ['if you do not want that, roll back and choose another place for it with a [[target]]']),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}
