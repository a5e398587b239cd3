import { describe, expect, it } from 'vitest';
import type { ERROR_CODES } from '../../../../lib/core/error-codes.ts';
import type { Cause } from '../../../../web/model/failure.ts';
import { causeOf, failureOf } from '../../../../web/model/failure.ts';
import { de } from '../../../../web/strings/de.ts';
import { en } from '../../../../web/strings/en.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();
const EN = en;

/** Every code of lib/core/errors.ts; `other` says that the details have more. */
const CAUSES: Readonly<Record<keyof typeof ERROR_CODES, Cause>> = {
  USAGE: 'other',
  BUSY: 'other',
  PERMISSION: 'setup',
  CONFIG_MISSING: 'setup',
  CONFIG_INVALID: 'setup',
  SETTINGS_INVALID: 'setup',
  STATE_INVALID: 'disk',
  OFFLINE: 'network',
  SERVER_UNREACHABLE: 'server',
  SERVER_ERROR: 'server',
  NOT_FOUND: 'source',
  HTTP_STATUS: 'source',
  HTTP_PROTOCOL: 'source',
  TLS_FAILED: 'source',
  CLOCK_WRONG: 'clock',
  RESPONSE_TOO_LARGE: 'limit',
  TOO_SLOW: 'server',
  DEADLINE: 'server',
  REDIRECT_REFUSED: 'source',
  CAPTIVE_PORTAL: 'network',
  PROXY_UNREACHABLE: 'setup',
  PROXY_LOGIN: 'setup',
  PROXY_REFUSED: 'setup',
  CANCELLED: 'interrupted',
  MANIFEST_INVALID: 'release',
  RELEASE_INCOMPATIBLE: 'release',
  RELEASE_CHANGED: 'other',
  BRANCH_UNKNOWN: 'setup',
  PATH_REFUSED: 'release',
  BUNDLE_INVALID: 'release',
  DIGEST_MISMATCH: 'release',
  SIZE_MISMATCH: 'release',
  STAGED_INVALID: 'other',
  TRUST_INVALID: 'TRUST_INVALID',
  TRUST_DAMAGED: 'TRUST_DAMAGED',
  SIGNATURE_MISSING: 'SIGNATURE_MISSING',
  SIGNATURE_INVALID: 'SIGNATURE_INVALID',
  METADATA_INVALID: 'METADATA_INVALID',
  METADATA_ROLLBACK: 'METADATA_ROLLBACK',
  METADATA_MISMATCH: 'METADATA_MISMATCH',
  METADATA_EXPIRED: 'METADATA_EXPIRED',
  NO_SPACE: 'room',
  NO_INODES: 'room',
  DEST_TYPE: 'setup',
  DEST_UNSAFE: 'setup',
  FOREIGN_FILES: 'setup',
  DEST_LOCKED: 'setup',
  IO_ERROR: 'disk',
  JOURNAL_CORRUPT: 'disk',
  UNDO_FAILED: 'disk',
  BROKEN: 'disk',
  NO_BACKUP: 'backup',
  BACKUP_INVALID: 'backup',
  SYSTEMD_UNAVAILABLE: 'setup',
  SERVICE_FAILED: 'service',
  PROBE_FAILED: 'service',
  POST_INSTALL_FAILED: 'service',
  STEP_FAILED: 'interrupted',
  SITE_INVALID: 'other',
  INPUT_REFUSED: 'other',
  VERSION_INVALID: 'other',
  VERSION_NOT_NEWER: 'other',
  KEY_INVALID: 'other',
  KEY_MISSING: 'other',
  HOST_REFUSED: 'other',
  ORIGIN_REFUSED: 'other',
  UNAUTHORIZED: 'other',
  RATE_LIMITED: 'other',
  BODY_TOO_LARGE: 'other',
  REQUEST_INVALID: 'other',
  MEDIA_TYPE: 'other',
  METHOD_REFUSED: 'other',
  TOO_MANY_STREAMS: 'other',
  TOKEN_MISSING: 'other',
  INTERNAL: 'other',
};

describe('the cause', () => {
  it.each(Object.entries(CAUSES))('of %s is known', (code, cause) => {
    expect(causeOf(code)).toBe(cause);
  });

  it('of a code of a later version is something, and of none an interruption', () => {
    expect([causeOf('SOLAR_FLARE'), causeOf(''), causeOf(null)]).toEqual(['other', 'other', 'interrupted']);
  });

  it('is used for some code each', () => {
    expect([...new Set(Object.values(CAUSES))].toSorted()).toEqual(Object.keys(EN.causes).toSorted());
  });
});

describe('the three sentences', () => {
  it.each([
    ['offline', 'Check failed: the device has no network connection. Nothing was changed. Check the cable or Wi-Fi.'],
    ['failed:NO_SPACE', 'Download failed: there is not enough disk space. Nothing was changed. Free some space, then try again.'],
    ['rolled-back', 'Update failed: it did not work on this device. 1.4.0 is restored and in use. Wait for the next release.'],
    [
      'broken',
      'Recovery failed: the disk or a file on it is damaged. Some files may be from different versions. Install a release to repair it, or roll back.',
    ],
    ['rollback-open', 'Update interrupted. Some files may be from different versions. Roll back now, or restart the device.'],
    ['failed:NO_BACKUP', 'Rollback failed: there is no usable backup. Nothing was changed. The next update creates one.'],
    ['failed:STEP_FAILED', 'Update failed: it was interrupted. 1.4.0 is restored and in use. Try again.'],
  ])('of %s', (state, sentences) => {
    const text = failureOf(STATES.state(state), EN);
    expect(`${text?.what ?? ''} ${text?.meaning ?? ''} ${text?.todo ?? ''}`).toBe(sentences);
  });

  it('are there after every failure, in both languages, and nowhere else', () => {
    for (const { name } of STATES.list) {
      const { last_result: last, rollback, run } = STATES.state(name);
      const isWrong = run?.state !== 'running' && (rollback.is === 'open' || /failed|rolled-back|broken/.test(last?.outcome ?? ''));
      for (const strings of [en, de]) {
        const text = failureOf(STATES.state(name), strings);
        expect(text !== null, name).toBe(isWrong);
        if (text !== null) expect([text.what, text.meaning, text.todo ?? text.hint].join('\n')).not.toMatch(/undefined|null|\n\n|^$|\n$/);
      }
    }
  });

  it.each([
    ['NOT_FOUND', 'the source did not respond as expected.', /^check source\.url/],
    ['HTTP_STATUS', 'the source did not respond as expected.', /require a login/],
    ['TLS_FAILED', 'the source did not respond as expected.', /has to renew it/],
    ['REDIRECT_REFUSED', 'the source did not respond as expected.', /set it to the final address/],
    ['RESPONSE_TOO_LARGE', 'the server sent more data than is allowed.', /limits\.bundle_bytes/],
    ['RELEASE_INCOMPATIBLE', 'the release is faulty or not for this device.', /^ask/],
    ['CONFIG_MISSING', 'a setting is wrong.', /^create/],
  ])('of %s end with what the updater itself advises, in its place', (code, what, hint) => {
    for (const strings of [en, de]) {
      const text = failureOf(STATES.state(`failed:${code}`), strings);
      expect(text?.todo).toBe(null);
      expect(text?.hint).toMatch(hint);
    }
    expect(failureOf(STATES.state(`failed:${code}`), en)?.what).toContain(what);
  });

  it('leave out no advice of the updater, whatever failed', () => {
    for (const { name } of STATES.list.filter((state) => state.name.startsWith('failed:'))) {
      const status = STATES.state(name);
      const text = failureOf(status, de);
      if (text !== null) expect(text.hint, name).toBe(status.last_result?.hint);
    }
  });

  it('of a code of a later version give its advice', () => {
    const status = STATES.state('failed:NOT_FOUND');
    const last = status.last_result;
    if (last === null) throw new Error('it failed');
    const text = failureOf({ ...status, run: null, last_result: { ...last, code: 'SOLAR_FLARE', hint: 'wait for the night' } }, EN);
    expect(text).toMatchObject({ todo: null, hint: 'wait for the night' });
    expect(failureOf({ ...status, run: null, last_result: { ...last, code: 'SOLAR_FLARE', hint: null } }, EN)?.todo).toBe('See Details.');
  });

  it('do not say that nothing was changed of a rollback that is complete, and does not run', () => {
    const status = STATES.state('failed:NO_BACKUP');
    const last = status.last_result;
    if (last === null) throw new Error('it failed');
    const gone = { ...status, current: '1.3.2', last_result: { ...last, code: 'PROBE_FAILED', to: '1.3.2', tx: '20261122T090017Z' } };
    expect(failureOf(gone, EN)).toMatchObject({
      what: 'Rollback failed: it did not work on this device.',
      meaning: 'The previous version is restored, but not everything works.',
      todo: null,
      hint: last.hint,
    });
  });

  it('name no old version where there was none', () => {
    expect(failureOf({ ...STATES.state('rolled-back'), current: null }, EN)?.meaning).toBe('Nothing was changed.');
  });

  it('say of an update that the power cut short that the old version is back', () => {
    const status = STATES.state('rolled-back');
    const last = status.last_result;
    if (last === null) throw new Error('it failed');
    expect(failureOf({ ...status, run: null, last_result: { ...last, step: 'recover', code: null } }, EN)).toMatchObject({
      what: 'Update interrupted.',
      meaning: '1.4.0 is restored and in use.',
      todo: 'Try again.',
    });
  });
});
