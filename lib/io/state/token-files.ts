/**
 * Tokens: what a step leaves for the next one, which a gate between the two moves on. One that decides about a step of root lies in
 * a folder where no other user can write; its content may be of the user of the network steps all the same, so nothing is taken from
 * it but the id of the run.
 */
import { dirname } from 'node:path';
import { toUpdateError } from '../../core/errors.ts';
import type { DevicePaths } from '../../core/device/paths.ts';
import { tokenPath } from '../../core/device/paths.ts';
import { Token } from '../../core/device/state.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import type { ReportWarning, Shared } from './json-file.ts';
import { WORLD_READABLE, readOrSetAside, removeOwned, writeOwned } from './json-file.ts';
import { makeFolder } from './real-directory.ts';

export interface TokenFiles {
  leaveToken: (step: Token['until'], token: Token) => void;
  /** Null when there is none. One that cannot be removed is reported, and counts as taken. */
  takeToken: (step: Token['until']) => Token | null;
  /** Throws for fetch and apply, where it would let this run go further than it may; for rollback it is reported. */
  dropToken: (step: Token['until']) => void;
}

interface Folders {
  shared: () => Shared;
  /** Makes a folder of orders what it should be, and names it. */
  orders: (dir: string) => string;
  /** Makes way to a file of orders, and names it. */
  atOrders: (path: string) => string;
}

export function tokenFiles(paths: DevicePaths, report: ReportWarning, { shared, orders, atOrders }: Folders): TokenFiles {
  const isRoots = (where: 'next' | 'granted', step: Token['until']): boolean => tokenPath(paths, where, step).startsWith(`${paths.orders}/`);
  const remove = (path: string): void => {
    try {
      removeOwned(path, report);
    } catch (error) {
      report(`failed to remove the token '${path}', ignoring: ${toUpdateError(error).message}`);
    }
  };
  /** Where the gate moves it to. On a device it is there, and root's. */
  const makeGranted = (step: Token['until']): void => {
    const dir = dirname(tokenPath(paths, 'granted', step));
    if (lstatOrNull(dir) !== null) return;
    if (isRoots('granted', step)) orders(dir);
    else makeFolder(dir, shared().owner, report);
  };
  return {
    leaveToken: (step, token) => {
      const path = tokenPath(paths, 'next', step);
      if (isRoots('next', step)) orders(dirname(path));
      else makeFolder(dirname(path), shared().owner, report);
      makeGranted(step);
      writeOwned(path, Token.parse(token), WORLD_READABLE, isRoots('next', step) ? { owner: null, report } : shared());
    },
    takeToken: (step) => {
      const path = tokenPath(paths, 'granted', step);
      if (isRoots('granted', step)) atOrders(path);
      if (lstatOrNull(path) === null) return null;
      // Its presence means that this was not started by hand; an unreadable one grants the least.
      const token = readOrSetAside(path, Token, `the token granted/${step}`, report) ?? { run: 'unknown', until: step, by: 'timer' };
      remove(path);
      return isRoots('granted', step) ? { run: token.run, until: step, by: step === 'rollback' ? 'apply' : 'timer' } : token;
    },
    dropToken: (step) => {
      const path = tokenPath(paths, 'next', step);
      if (step === 'rollback') remove(atOrders(path));
      else removeOwned(path, report);
    },
  };
}
