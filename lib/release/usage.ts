export const USAGE = `usage: pikit-release COMMAND --site DIR [OPTIONS]

  init    --site DIR --unsigned
          create a site: the folder that devices read, served by any web server

  build   --site DIR --from TREE --version V
          build the release V from the folder TREE (pikit-web/, pikit-api.py, helpers/ ...) and
          publish it
          --branch NAME        branch to publish on (default: stable)
          --notes-file FILE    what is new, as text
          --changelog URL      where to read more
          --rollout PERCENT    offer it to a part of all devices only (default: to all)
          --restart UNIT       restart this unit after the installation (may be repeated)
          --config PATH        keep the owner's edits of this file (may be repeated)
          --min-version V      only for devices that have at least this version
          --arch ARCH          only for devices of this architecture (may be repeated)
          SOURCE_DATE_EPOCH    in the environment: the time of the release, in seconds since 1970

  branch  list                  --site DIR     all branches, and what is published on each
          add NAME              --site DIR     a new branch; its name has only a-z, 0-9 and _
          edit NAME             --site DIR
          --display-name TEXT  what people call it (default: its name)
          --description TEXT   what it is for
          --not-on PLATFORM    not for linux, windows or macos (may be repeated); --on takes it back
          --hidden, --disabled with add: as after hide, after disable
          disable, enable NAME ...  --site DIR     its devices use stable; or its own releases again
          hide, show NAME ...       --site DIR     not listed, to be chosen by name; or listed again
          remove NAME ...           --site DIR     the branch and what is published on it

  promote V --from NAME --to NAME --site DIR
          put what a branch offers now on another one: the same bytes, nothing is built
          --rollout PERCENT    as for build; run again with more to widen it

  publish --site DIR --to DIR|gitea:URL
          copy what the site offers to another folder, or make releases of it in a repository on
          Gitea or Forgejo; run it again after an interruption, and it goes on
          --branch NAME        this branch only (may be repeated)
          --token-file FILE    the token for Gitea; or in the environment: PIKIT_RELEASE_TOKEN
          --verify             download bundles that are there already, and compare them

  verify  --site DIR
          check every hash, size, bundle and file; exit with 1 and the list of what is wrong

  --json  print the result as JSON        --help  print this text

exit codes: 0 done, 1 failed, 2 usage
`;
