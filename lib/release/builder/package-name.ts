const KNOWN: readonly { from: string; name: string }[] = [
  { from: 'pikit-web/', name: 'web' },
  { from: 'helpers/', name: 'helpers' },
  { from: 'pikit-api.py', name: 'api' },
];
const FALLBACK = 'other';
const MAX_LENGTH = 32;

/** Where devices put the paths of a release when their configuration says nothing else. */
export const USUAL_PLACES: readonly string[] = KNOWN.map(({ from }) => from);

/** Whether a path of a release lies in one of the usual places. */
export function isUsualPlace(path: string): boolean {
  return USUAL_PLACES.some((from) => (from.endsWith('/') ? path.startsWith(from) : path === from));
}

/** The package of a release file: a short name for its part of the release, from its first directory. */
export function packageOf(path: string): string {
  const known = KNOWN.find(({ from }) => (from.endsWith('/') ? path.startsWith(from) : path === from));
  if (known !== undefined) return known.name;
  const slash = path.indexOf('/');
  if (slash < 0) return FALLBACK;
  const name = path
    .slice(0, slash)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, MAX_LENGTH);
  return name === '' ? FALLBACK : name;
}
