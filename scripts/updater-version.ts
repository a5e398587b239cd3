/** Set by the build: from package.json, and from the time that the package gets (scripts/source-time.ts). */
declare const PIKIT_UPDATER_VERSION: string | undefined;
declare const PIKIT_BUILT_AT: number | undefined;

export const VERSION = typeof PIKIT_UPDATER_VERSION === 'string' ? PIKIT_UPDATER_VERSION : '0.0.0-source';

/** Null where it runs from its sources. */
export const BUILT_AT = typeof PIKIT_BUILT_AT === 'number' ? new Date(PIKIT_BUILT_AT * 1000) : null;
