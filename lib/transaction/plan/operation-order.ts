/**
 * The order of the renames: assets, then code, then pages, the version file last. A browser that loads a page during the swap
 * gets an old page or a new one whose assets are there.
 */
export const ORDER = { asset: 0, code: 1, page: 2, version: 3 } as const;

/** The place of a file in that order. */
export function orderOf(path: string, mode: number): number {
  if (/\.html?$/.test(path)) return ORDER.page;
  return (mode & 0o111) !== 0 || /\.(py|sh)$/.test(path) ? ORDER.code : ORDER.asset;
}
