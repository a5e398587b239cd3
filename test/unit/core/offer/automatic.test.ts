import { describe, expect, it } from 'vitest';
import { noticeOf, notAutomatic, withAutomatic, withForeign } from '../../../../lib/core/offer/automatic.ts';
import type { HeldVersion, Settings } from '../../../../lib/core/device/state.ts';
import { available } from '../../../helpers/cli-device.ts';

function left(version: string): HeldVersion {
  return { version, reason: 'rolled-back', code: null, message: 'you rolled it back', at: '2026-11-20T10:00:00Z', attempts: 0 };
}

const here = (auto: Settings['auto'], held: readonly HeldVersion[] = []) => ({ current: '1.5.0-beta.1', settings: { auto }, held });

const NEWER = { version: '1.6.0', downgrade: false };
const OLDER = { version: '1.4.0', downgrade: true };

describe('the timer', () => {
  it.each([
    ['installs what is newer', NEWER, here('install'), null],
    ['installs nothing where the owner wants none of it', NEWER, here('off'), ['check', 'setting', "automatic updates are set to 'off'"]],
    ['does not download where it is to look only', NEWER, here('check'), ['check', 'setting', "automatic updates are set to 'check'"]],
    ['only downloads', NEWER, here('download'), ['fetch', 'setting', "automatic updates are set to 'download'"]],
    ['does not go back', OLDER, here('install'), ['check', 'downgrade', 'it is older than 1.5.0-beta.1, which is installed']],
    ['does not download what is older either', OLDER, here('download'), ['check', 'downgrade', 'it is older than 1.5.0-beta.1, which is installed']],
    ['does not repeat what the owner left', NEWER, here('install', [left('1.6.0')]), ['check', 'rolled-back', 'you rolled it back']],
    ['goes by what was left of that version alone', NEWER, here('install', [left('1.5.9')]), null],
  ] as const)('%s', (_name, release, facts, expected) => {
    const automatic = notAutomatic(release, facts);
    if (expected === null) {
      expect(automatic).toBeNull();
      return;
    }
    const [until, reason, why] = expected;
    const message = `${release.version} will not be installed automatically because ${why}; run \`pikit-update apply\` to install it`;
    expect(automatic).toEqual({ until, reason, message });
    expect(noticeOf(automatic)).toBe(reason === 'setting' ? null : message);
  });

  it('leaves it to the owner to replace files that no release brought', () => {
    expect(withForeign('1.6.0', "'/a'")).toEqual({
      until: 'fetch',
      reason: 'foreign',
      message:
        "1.6.0 will not be installed automatically because it would replace '/a', which no release brought; run `pikit-update apply` to install it and keep your files",
    });
  });
});

describe('what is on offer', () => {
  it('says at once what a new choice makes of it', () => {
    const offer = available({ automatic: null });
    expect(withAutomatic(offer, here('check')).automatic).toMatchObject({ reason: 'setting' });
    expect(withAutomatic(withAutomatic(offer, here('check')), here('install'))).toEqual(offer);
  });

  it('remembers what only root could see', () => {
    const automatic = withForeign('1.4.0', "'/a'");
    expect(withAutomatic(available({ automatic }), here('install')).automatic).toEqual(automatic);
    expect(withAutomatic(available({ automatic }), here('off')).automatic).toMatchObject({ reason: 'setting' });
  });

  it('says nothing of what cannot be installed anyway', () => {
    const offer = available({ outcome: 'held' });
    expect(withAutomatic(offer, here('check'))).toBe(offer);
  });
});
