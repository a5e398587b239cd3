/** Large, and used by a few runs only: a file each beside the programs, which is read when the first of its functions is needed. */
export const LIBRARIES = { undici: 'undici.cjs', 'dbus-next': 'dbus-next.cjs', 'zx/core': 'zx.cjs' };
