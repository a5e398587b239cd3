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

  verify  --site DIR
          check every hash, size and bundle; exit with 1 and the list of what is wrong

  --json  print the result as JSON        --help  print this text

exit codes: 0 done, 1 failed, 2 usage
`;
