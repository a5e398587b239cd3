/** Everything our units may write. A line that is not here fails the test that sees it: nothing is said by accident. */
const V = String.raw`\d+\.\d+\.\d+(?:-[0-9a-z.]+)?`;
const B = String.raw`'[a-z0-9_]+'`;

const ALLOWED: readonly RegExp[] = [
  // check
  new RegExp(`^${V} is available(?: on the branch ${B})?(?: as a downgrade)? \\((nothing is installed|installed: ${V})\\)$`),
  new RegExp(
    `^${V} will not be installed automatically because it is older than ${V}, which is installed; run \`pikit-update apply\` to install it$`,
  ),
  new RegExp(`^the branch ${B} is disabled: using stable until it is enabled again$`),
  new RegExp(`^the branch ${B} was removed: this device now follows stable$`),
  new RegExp(`^the branch ${B} is not in the last known list of branches: using stable; it stays chosen$`),
  new RegExp(`^up to date: (the newest release is ${V}, and ${V} is installed|${V} is installed)$`),
  new RegExp(`^${V} is held: it failed here before \\(.*\\); \`pikit-update apply --version ${V}\` tries it again$`),
  new RegExp(`^${V} will not be installed automatically because you rolled it back; run \`pikit-update apply\` to install it$`),
  // fetch
  new RegExp(`^downloading [\\d.]+ (?:[KM]i)?B of ${V} from '127\\.0\\.0\\.1:\\d+'$`),
  /^downloaded [\d.]+ (?:[KM]i)?B as one bundle \([\d.]+ (?:[KM]i)?B\/s\)(?:, resumed after [\d.]+ [KM]iB)?$/,
  new RegExp(`^${V} is downloaded and verified$`),
  new RegExp(`^${V} is already downloaded and verified$`),
  // apply
  new RegExp(`^installing ${V} over (nothing|${V}): \\d+ new, \\d+ changed, \\d+ removed$`),
  /^restarted (?:[\w.-]+\.service(?:, )?)+(?: with the old files)?$/,
  new RegExp(`^${V} is installed$`),
  // The dashboard that was there before the first release, and is there again when the owner went back to before that.
  /^'\/(?:var\/www\/pikit-web\/index\.html|usr\/local\/bin\/pikit-api\.py)' was not installed by a release; your file is kept as '\/var\/lib\/pikit\/edited\/[^']+'$/,
  new RegExp(`^${V} is installed and there is nothing newer$`),
  new RegExp(`^${V} is not installed: it was downloaded from the branch ${B}, and this device now follows ${B}$`),
  new RegExp(`^${V} is older than ${V}, which is installed$`),
  /^there is nothing to install(?:: .*)?$/,
  new RegExp(`^(?:${V} failed its health check|the update to ${V} was stopped); rolling back to (${V}|the old files)$`),
  new RegExp(`^rolled back: the files (?:from before|of ${V}) are restored$`),
  // rollback and recover
  new RegExp(`^rolling back from ${V} to (nothing|${V})$`),
  new RegExp(`^rolled back to (no release|${V})$`),
  new RegExp(`^installing ${V} failed: the update was interrupted(?: \\([a-z ]+\\))?\\. (?:No release is installed|The device is still on ${V})$`),
  new RegExp(`^${V} is installed \\(before: ${V}\\)$`),
  new RegExp(`^rolled back from ${V} to (nothing|${V})$`),
  new RegExp(`^rolling back to ${V} failed: the rollback was interrupted\\. The device is still on ${V}$`),
  /^no update is open: there is nothing to undo$/,
  /^no update was interrupted$/,
  new RegExp(`^nothing to roll back to: the backup also contains ${V}$`),
  /^using the bundle of \d+\.\d+\.\d+ downloaded earlier$/,
  // auto
  /^checks (?:and downloads )?daily at about \d\d:\d\d(?:; you install| and installs new releases)$/,
  /^off; you check and install$/,
  // locks
  /^another step is running: waiting for it, at most \d+ s$/,
  /^the lock is held by pikit-update-[a-z]+\.service, process \d+$/,
];

/** Lines that are neither on the list nor among those that a test expects in addition. */
export function unexpectedLines(lines: readonly string[], expected: readonly RegExp[] = []): string[] {
  return lines.filter((line) => line !== '' && ![...ALLOWED, ...expected].some((pattern) => pattern.test(line)));
}
