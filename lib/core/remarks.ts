/** What the owner should know of an installation although nothing failed, in words. */
export interface Remarked {
  shadows?: readonly { path: string; command: string }[] | undefined;
  unrestarted?: readonly string[] | undefined;
}

/** One sentence each; none where there is nothing to say. */
export function remarks({ shadows = [], unrestarted = [] }: Remarked): string[] {
  return [
    ...shadows.map(({ path, command }) => `'${path}' is found before '${command}' of the system, and runs in its place`),
    ...unrestarted.map((path) => `nothing restarts what runs '${path}': it goes on with the old file`),
  ];
}

/** What to do about it, or null. */
export function remarksHint({ shadows = [], unrestarted = [] }: Remarked): string | null {
  const parts = [
    ...(unrestarted.length === 0 ? [] : ["restart it yourself, and name its unit in services.restart of '/etc/pikit/update.toml'"]),
    ...(shadows.length === 0 ? [] : ['if that is not what you want, go back, and choose another place for it with a [[target]]']),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}
