/** Everything our units may write. A line that is not here fails the test that sees it: nothing is said by accident. */
const V = String.raw`\d+\.\d+\.\d+(?:-[0-9a-z.]+)?`;
const B = String.raw`'[a-z0-9_]+'`;

const ALLOWED: readonly RegExp[] = [
  // check
  new RegExp(`^${V} is available(?: on the branch ${B})?(?:, which is older)? \\((nothing is installed|installed is ${V})\\)$`),
  new RegExp(`^${V} is not installed by itself: it is older than ${V}, which is installed; \`pikit-update apply\` installs it$`),
  new RegExp(`^the branch ${B} is disabled: using stable until it is enabled again$`),
  new RegExp(`^the branch ${B} was removed: this device follows stable now$`),
  new RegExp(`^the branch ${B} is not in the last known list of branches: using stable; it stays chosen$`),
  new RegExp(`^up to date: (the newest release is ${V}, and ${V} is installed|${V} is installed)$`),
  new RegExp(`^${V} is held: it failed here before \\(.*\\); \`pikit-update apply --version ${V}\` tries it again$`),
  new RegExp(`^${V} is not installed by itself: you went back from it; \`pikit-update apply\` installs it$`),
  // fetch
  new RegExp(`^downloading [\\d.]+ [KM]iB of ${V} from '127\\.0\\.0\\.1:\\d+'$`),
  /^downloaded [\d.]+ (?:[KM]i)?B as one bundle \([\d.]+ [KM]iB\/s\)(?:, [\d.]+ [KM]iB were there from before)?$/,
  new RegExp(`^${V} is downloaded and verified$`),
  new RegExp(`^${V} is already downloaded and verified$`),
  // apply
  new RegExp(`^installing ${V} over (nothing|${V}): \\d+ new, \\d+ changed, \\d+ removed$`),
  /^restarted (?:[\w.-]+\.service(?:, )?)+(?: with the old files)?$/,
  new RegExp(`^${V} is installed$`),
  // The dashboard that was there before the first release, and is there again when the owner went back to before that.
  /^'\/(?:var\/www\/pikit-web\/index\.html|usr\/local\/bin\/pikit-api\.py)' was not ours; your file is kept as '\/var\/lib\/pikit\/edited\/[^']+'$/,
  new RegExp(`^${V} is installed and there is nothing newer$`),
  new RegExp(`^${V} was downloaded from the branch ${B}, and this device uses ${B} now: it is not installed$`),
  new RegExp(`^${V} is older than ${V}, which is installed$`),
  /^there is nothing to install(?:: .*)?$/,
  new RegExp(`^${V} (does not work here|was stopped): going back to (${V}|what was before)$`),
  new RegExp(`^went back: the files are those of (before|${V}) again$`),
  // rollback and recover
  new RegExp(`^going back from ${V} to (nothing|${V})$`),
  new RegExp(`^went back to (no release|${V})$`),
  new RegExp(`^${V} was not installed: the update was (?:interrupted|ended: [a-z ]+); the device is on (no release|${V}) as before$`),
  new RegExp(`^${V} is installed \\(before: ${V}\\)$`),
  new RegExp(`^went back from ${V} to (nothing|${V})$`),
  new RegExp(`^the device did not go back to ${V}: the rollback was interrupted; it is on ${V} as before$`),
  /^no update is open: there is nothing to undo$/,
  /^no update was interrupted$/,
  new RegExp(`^the device is on ${V}, and the backup holds nothing else: there is nothing to go back to$`),
  /^the bundle of \d+\.\d+\.\d+ is here from before$/,
  // auto
  /^a check every day about \d\d:\d\d(?:; installing is left to you|, and what is found is (?:downloaded|installed))$/,
  /^nothing happens by itself$/,
  // locks
  /^another step is running: waiting for it, at most \d+ s$/,
  /^the lock is held by pikit-update-[a-z]+\.service, process \d+$/,
];

/** Lines that are neither on the list nor among those that a test expects in addition. */
export function unexpectedLines(lines: readonly string[], expected: readonly RegExp[] = []): string[] {
  return lines.filter((line) => line !== '' && ![...ALLOWED, ...expected].some((pattern) => pattern.test(line)));
}
