/**
 * Which branch a device uses, row by row: what the owner selected, what the list says of beta (enabled, visible, for this
 * platform; or `absent`), how the list and then the manifest of the branch that is used can be had; and what comes of it.
 *
 * list      there; missing: 404 now, the last good one is known; failing: 500 now, the last good one is known;
 *           never-there: 404, now and ever; never-reached: 500, now and ever
 * manifest  there, missing (404), failing (500)
 * used      whose manifest was asked for; `-` when none was
 * said      why the branch is not simply the one selected, and `list-failed` when the list is only the last known one
 * ends      ok, or the code of the failure
 *
 * With stable selected beta's entry changes nothing, and without any list there is none: those rows stand for all of theirs.
 */
const TABLE = `
name                                                 | selected | entry of beta          | list          | manifest | used   | setting | said                   | notice              | ends
stable-list-there-manifest-there                     | stable   | enabled visible linux  | there         | there    | stable | stable  | -                      | -                   | ok
stable-list-there-manifest-missing                   | stable   | enabled visible linux  | there         | missing  | stable | stable  | -                      | -                   | NOT_FOUND
stable-list-there-manifest-failing                   | stable   | enabled visible linux  | there         | failing  | stable | stable  | -                      | -                   | SERVER_ERROR
stable-list-missing-manifest-there                   | stable   | enabled visible linux  | missing       | there    | stable | stable  | -                      | -                   | ok
stable-list-missing-manifest-missing                 | stable   | enabled visible linux  | missing       | missing  | stable | stable  | -                      | -                   | NOT_FOUND
stable-list-missing-manifest-failing                 | stable   | enabled visible linux  | missing       | failing  | stable | stable  | -                      | -                   | SERVER_ERROR
stable-list-failing-manifest-there                   | stable   | enabled visible linux  | failing       | there    | stable | stable  | list-failed            | -                   | ok
stable-list-failing-manifest-missing                 | stable   | enabled visible linux  | failing       | missing  | stable | stable  | -                      | -                   | NOT_FOUND
stable-list-failing-manifest-failing                 | stable   | enabled visible linux  | failing       | failing  | stable | stable  | -                      | -                   | SERVER_ERROR
stable-list-never-there-manifest-there               | stable   | enabled visible linux  | never-there   | there    | stable | stable  | -                      | -                   | ok
stable-list-never-there-manifest-missing             | stable   | enabled visible linux  | never-there   | missing  | stable | stable  | -                      | -                   | NOT_FOUND
stable-list-never-there-manifest-failing             | stable   | enabled visible linux  | never-there   | failing  | stable | stable  | -                      | -                   | SERVER_ERROR
stable-list-never-reached-manifest-there             | stable   | enabled visible linux  | never-reached | there    | stable | stable  | list-failed            | -                   | ok
stable-list-never-reached-manifest-missing           | stable   | enabled visible linux  | never-reached | missing  | stable | stable  | -                      | -                   | NOT_FOUND
stable-list-never-reached-manifest-failing           | stable   | enabled visible linux  | never-reached | failing  | stable | stable  | -                      | -                   | SERVER_ERROR
enabled-visible-linux-list-there-manifest-there      | beta     | enabled visible linux  | there         | there    | beta   | beta    | -                      | -                   | ok
enabled-visible-linux-list-there-manifest-missing    | beta     | enabled visible linux  | there         | missing  | beta   | beta    | -                      | -                   | NOT_FOUND
enabled-visible-linux-list-there-manifest-failing    | beta     | enabled visible linux  | there         | failing  | beta   | beta    | -                      | -                   | SERVER_ERROR
enabled-visible-linux-list-missing-manifest-there    | beta     | enabled visible linux  | missing       | there    | beta   | beta    | -                      | -                   | ok
enabled-visible-linux-list-missing-manifest-missing  | beta     | enabled visible linux  | missing       | missing  | beta   | beta    | -                      | -                   | NOT_FOUND
enabled-visible-linux-list-missing-manifest-failing  | beta     | enabled visible linux  | missing       | failing  | beta   | beta    | -                      | -                   | SERVER_ERROR
enabled-visible-linux-list-failing-manifest-there    | beta     | enabled visible linux  | failing       | there    | beta   | beta    | list-failed            | -                   | ok
enabled-visible-linux-list-failing-manifest-missing  | beta     | enabled visible linux  | failing       | missing  | beta   | beta    | -                      | -                   | NOT_FOUND
enabled-visible-linux-list-failing-manifest-failing  | beta     | enabled visible linux  | failing       | failing  | beta   | beta    | -                      | -                   | SERVER_ERROR
enabled-visible-other-list-there-manifest-there      | beta     | enabled visible other  | there         | there    | stable | stable  | removed                | branch-removed:beta | ok
enabled-visible-other-list-there-manifest-missing    | beta     | enabled visible other  | there         | missing  | stable | stable  | removed                | branch-removed:beta | NOT_FOUND
enabled-visible-other-list-there-manifest-failing    | beta     | enabled visible other  | there         | failing  | stable | stable  | removed                | branch-removed:beta | SERVER_ERROR
enabled-visible-other-list-missing-manifest-there    | beta     | enabled visible other  | missing       | there    | stable | beta    | not-listed             | -                   | ok
enabled-visible-other-list-missing-manifest-missing  | beta     | enabled visible other  | missing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
enabled-visible-other-list-missing-manifest-failing  | beta     | enabled visible other  | missing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
enabled-visible-other-list-failing-manifest-there    | beta     | enabled visible other  | failing       | there    | stable | beta    | not-listed list-failed | -                   | ok
enabled-visible-other-list-failing-manifest-missing  | beta     | enabled visible other  | failing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
enabled-visible-other-list-failing-manifest-failing  | beta     | enabled visible other  | failing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
enabled-hidden-linux-list-there-manifest-there       | beta     | enabled hidden linux   | there         | there    | beta   | beta    | -                      | -                   | ok
enabled-hidden-linux-list-there-manifest-missing     | beta     | enabled hidden linux   | there         | missing  | beta   | beta    | -                      | -                   | NOT_FOUND
enabled-hidden-linux-list-there-manifest-failing     | beta     | enabled hidden linux   | there         | failing  | beta   | beta    | -                      | -                   | SERVER_ERROR
enabled-hidden-linux-list-missing-manifest-there     | beta     | enabled hidden linux   | missing       | there    | beta   | beta    | -                      | -                   | ok
enabled-hidden-linux-list-missing-manifest-missing   | beta     | enabled hidden linux   | missing       | missing  | beta   | beta    | -                      | -                   | NOT_FOUND
enabled-hidden-linux-list-missing-manifest-failing   | beta     | enabled hidden linux   | missing       | failing  | beta   | beta    | -                      | -                   | SERVER_ERROR
enabled-hidden-linux-list-failing-manifest-there     | beta     | enabled hidden linux   | failing       | there    | beta   | beta    | list-failed            | -                   | ok
enabled-hidden-linux-list-failing-manifest-missing   | beta     | enabled hidden linux   | failing       | missing  | beta   | beta    | -                      | -                   | NOT_FOUND
enabled-hidden-linux-list-failing-manifest-failing   | beta     | enabled hidden linux   | failing       | failing  | beta   | beta    | -                      | -                   | SERVER_ERROR
enabled-hidden-other-list-there-manifest-there       | beta     | enabled hidden other   | there         | there    | stable | stable  | removed                | branch-removed:beta | ok
enabled-hidden-other-list-there-manifest-missing     | beta     | enabled hidden other   | there         | missing  | stable | stable  | removed                | branch-removed:beta | NOT_FOUND
enabled-hidden-other-list-there-manifest-failing     | beta     | enabled hidden other   | there         | failing  | stable | stable  | removed                | branch-removed:beta | SERVER_ERROR
enabled-hidden-other-list-missing-manifest-there     | beta     | enabled hidden other   | missing       | there    | stable | beta    | not-listed             | -                   | ok
enabled-hidden-other-list-missing-manifest-missing   | beta     | enabled hidden other   | missing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
enabled-hidden-other-list-missing-manifest-failing   | beta     | enabled hidden other   | missing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
enabled-hidden-other-list-failing-manifest-there     | beta     | enabled hidden other   | failing       | there    | stable | beta    | not-listed list-failed | -                   | ok
enabled-hidden-other-list-failing-manifest-missing   | beta     | enabled hidden other   | failing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
enabled-hidden-other-list-failing-manifest-failing   | beta     | enabled hidden other   | failing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
disabled-visible-linux-list-there-manifest-there     | beta     | disabled visible linux | there         | there    | stable | beta    | disabled               | -                   | ok
disabled-visible-linux-list-there-manifest-missing   | beta     | disabled visible linux | there         | missing  | stable | beta    | disabled               | -                   | NOT_FOUND
disabled-visible-linux-list-there-manifest-failing   | beta     | disabled visible linux | there         | failing  | stable | beta    | disabled               | -                   | SERVER_ERROR
disabled-visible-linux-list-missing-manifest-there   | beta     | disabled visible linux | missing       | there    | stable | beta    | disabled               | -                   | ok
disabled-visible-linux-list-missing-manifest-missing | beta     | disabled visible linux | missing       | missing  | stable | beta    | disabled               | -                   | NOT_FOUND
disabled-visible-linux-list-missing-manifest-failing | beta     | disabled visible linux | missing       | failing  | stable | beta    | disabled               | -                   | SERVER_ERROR
disabled-visible-linux-list-failing-manifest-there   | beta     | disabled visible linux | failing       | there    | stable | beta    | disabled list-failed   | -                   | ok
disabled-visible-linux-list-failing-manifest-missing | beta     | disabled visible linux | failing       | missing  | stable | beta    | disabled               | -                   | NOT_FOUND
disabled-visible-linux-list-failing-manifest-failing | beta     | disabled visible linux | failing       | failing  | stable | beta    | disabled               | -                   | SERVER_ERROR
disabled-visible-other-list-there-manifest-there     | beta     | disabled visible other | there         | there    | stable | stable  | removed                | branch-removed:beta | ok
disabled-visible-other-list-there-manifest-missing   | beta     | disabled visible other | there         | missing  | stable | stable  | removed                | branch-removed:beta | NOT_FOUND
disabled-visible-other-list-there-manifest-failing   | beta     | disabled visible other | there         | failing  | stable | stable  | removed                | branch-removed:beta | SERVER_ERROR
disabled-visible-other-list-missing-manifest-there   | beta     | disabled visible other | missing       | there    | stable | beta    | not-listed             | -                   | ok
disabled-visible-other-list-missing-manifest-missing | beta     | disabled visible other | missing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
disabled-visible-other-list-missing-manifest-failing | beta     | disabled visible other | missing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
disabled-visible-other-list-failing-manifest-there   | beta     | disabled visible other | failing       | there    | stable | beta    | not-listed list-failed | -                   | ok
disabled-visible-other-list-failing-manifest-missing | beta     | disabled visible other | failing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
disabled-visible-other-list-failing-manifest-failing | beta     | disabled visible other | failing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
disabled-hidden-linux-list-there-manifest-there      | beta     | disabled hidden linux  | there         | there    | stable | beta    | disabled               | -                   | ok
disabled-hidden-linux-list-there-manifest-missing    | beta     | disabled hidden linux  | there         | missing  | stable | beta    | disabled               | -                   | NOT_FOUND
disabled-hidden-linux-list-there-manifest-failing    | beta     | disabled hidden linux  | there         | failing  | stable | beta    | disabled               | -                   | SERVER_ERROR
disabled-hidden-linux-list-missing-manifest-there    | beta     | disabled hidden linux  | missing       | there    | stable | beta    | disabled               | -                   | ok
disabled-hidden-linux-list-missing-manifest-missing  | beta     | disabled hidden linux  | missing       | missing  | stable | beta    | disabled               | -                   | NOT_FOUND
disabled-hidden-linux-list-missing-manifest-failing  | beta     | disabled hidden linux  | missing       | failing  | stable | beta    | disabled               | -                   | SERVER_ERROR
disabled-hidden-linux-list-failing-manifest-there    | beta     | disabled hidden linux  | failing       | there    | stable | beta    | disabled list-failed   | -                   | ok
disabled-hidden-linux-list-failing-manifest-missing  | beta     | disabled hidden linux  | failing       | missing  | stable | beta    | disabled               | -                   | NOT_FOUND
disabled-hidden-linux-list-failing-manifest-failing  | beta     | disabled hidden linux  | failing       | failing  | stable | beta    | disabled               | -                   | SERVER_ERROR
disabled-hidden-other-list-there-manifest-there      | beta     | disabled hidden other  | there         | there    | stable | stable  | removed                | branch-removed:beta | ok
disabled-hidden-other-list-there-manifest-missing    | beta     | disabled hidden other  | there         | missing  | stable | stable  | removed                | branch-removed:beta | NOT_FOUND
disabled-hidden-other-list-there-manifest-failing    | beta     | disabled hidden other  | there         | failing  | stable | stable  | removed                | branch-removed:beta | SERVER_ERROR
disabled-hidden-other-list-missing-manifest-there    | beta     | disabled hidden other  | missing       | there    | stable | beta    | not-listed             | -                   | ok
disabled-hidden-other-list-missing-manifest-missing  | beta     | disabled hidden other  | missing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
disabled-hidden-other-list-missing-manifest-failing  | beta     | disabled hidden other  | missing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
disabled-hidden-other-list-failing-manifest-there    | beta     | disabled hidden other  | failing       | there    | stable | beta    | not-listed list-failed | -                   | ok
disabled-hidden-other-list-failing-manifest-missing  | beta     | disabled hidden other  | failing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
disabled-hidden-other-list-failing-manifest-failing  | beta     | disabled hidden other  | failing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
absent-list-there-manifest-there                     | beta     | absent                 | there         | there    | stable | stable  | removed                | branch-removed:beta | ok
absent-list-there-manifest-missing                   | beta     | absent                 | there         | missing  | stable | stable  | removed                | branch-removed:beta | NOT_FOUND
absent-list-there-manifest-failing                   | beta     | absent                 | there         | failing  | stable | stable  | removed                | branch-removed:beta | SERVER_ERROR
absent-list-missing-manifest-there                   | beta     | absent                 | missing       | there    | stable | beta    | not-listed             | -                   | ok
absent-list-missing-manifest-missing                 | beta     | absent                 | missing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
absent-list-missing-manifest-failing                 | beta     | absent                 | missing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
absent-list-failing-manifest-there                   | beta     | absent                 | failing       | there    | stable | beta    | not-listed list-failed | -                   | ok
absent-list-failing-manifest-missing                 | beta     | absent                 | failing       | missing  | stable | beta    | not-listed             | -                   | NOT_FOUND
absent-list-failing-manifest-failing                 | beta     | absent                 | failing       | failing  | stable | beta    | not-listed             | -                   | SERVER_ERROR
no-list-ever-manifest-there                          | beta     | unknown                | never-there   | there    | stable | beta    | no-list                | -                   | ok
no-list-ever-manifest-missing                        | beta     | unknown                | never-there   | missing  | stable | beta    | no-list                | -                   | NOT_FOUND
no-list-ever-manifest-failing                        | beta     | unknown                | never-there   | failing  | stable | beta    | no-list                | -                   | SERVER_ERROR
list-never-reached-manifest-there                    | beta     | unknown                | never-reached | there    | -      | beta    | -                      | -                   | SERVER_ERROR
list-never-reached-manifest-missing                  | beta     | unknown                | never-reached | missing  | -      | beta    | -                      | -                   | SERVER_ERROR
list-never-reached-manifest-failing                  | beta     | unknown                | never-reached | failing  | -      | beta    | -                      | -                   | SERVER_ERROR
`;

export interface Row {
  name: string;
  selected: string;
  entry: string;
  list: string;
  manifest: string;
  used: string;
  setting: string;
  said: string;
  notice: string;
  ends: string;
}

export const ROWS: readonly Row[] = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [name = '', selected = '', entry = '', list = '', manifest = '', used = '', setting = '', said = '', notice = '', ends = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    return { name, selected, entry, list, manifest, used, setting, said, notice, ends };
  });
