/** The sockets that systemd has opened for us: LISTEN_FDS of them, from descriptor 3 on (sd_listen_fds(3)). */

const FIRST = 3;

/** Descriptors that are meant for this process; none when it was started otherwise. Takes the variables away from our children. */
export function listenFds(env: NodeJS.ProcessEnv, pid: number): number[] {
  const { LISTEN_PID: forPid, LISTEN_FDS: count } = env;
  delete env['LISTEN_PID'];
  delete env['LISTEN_FDS'];
  delete env['LISTEN_FDNAMES'];
  if (forPid !== String(pid) || count === undefined || !/^[1-9]\d?$/.test(count)) return [];
  return Array.from({ length: Number(count) }, (_, index) => FIRST + index);
}
