import { expect, it } from 'vitest';
import { listenFds } from '../../../../lib/io/systemd/listen-fds.ts';

it('takes the sockets that are for this process, and the variables away from its children', () => {
  const env = { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'unix:tcp', PATH: '/bin' };
  expect(listenFds(env, 42)).toEqual([3, 4]);
  expect(env).toEqual({ PATH: '/bin' });
});

it.each([
  ['for another process', { LISTEN_PID: '41', LISTEN_FDS: '1' }],
  ['none', { LISTEN_PID: '42', LISTEN_FDS: '0' }],
  ['a number that is none', { LISTEN_PID: '42', LISTEN_FDS: '1x' }],
  ['not socket-activated', {}],
])('%s', (_what, env) => {
  expect(listenFds({ ...env }, 42)).toEqual([]);
});
