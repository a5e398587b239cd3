/** Set by the build from package.json. */
declare const PIKIT_UPDATER_VERSION: string | undefined;

export const VERSION = typeof PIKIT_UPDATER_VERSION === 'string' ? PIKIT_UPDATER_VERSION : '0.0.0-source';
