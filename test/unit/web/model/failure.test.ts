import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../../../lib/core/errors.ts';
import type { Cause } from '../../../../web/model/failure.ts';
import { causeOf, failureOf } from '../../../../web/model/failure.ts';
import { de } from '../../../../web/strings/de.ts';
import { en } from '../../../../web/strings/en.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();
const EN = en;

/** Every code of lib/core/errors.ts; `other` says that the details have more. */
const CAUSES: Readonly<Record<(typeof ERROR_CODES)[number], Cause>> = {
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
  it.each(ERROR_CODES)('of %s is known', (code) => {
    expect(causeOf(code)).toBe(CAUSES[code]);
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
    ['offline', 'Check failed: there is no network. Nothing was changed. Check its cable or Wi-Fi.'],
    ['failed:NO_SPACE', 'Download failed: the disk is full. Nothing was changed. Free some space.'],
    ['rolled-back', 'Update failed: it did not run here. 1.4.0 is back and in use. Wait for the next release.'],
    ['broken', 'Repair failed: the disk or a file is damaged. Files of two versions may be mixed. Install a release, or go back.'],
    ['rollback-open', 'Update interrupted. Files of two versions may be mixed. Go back, or restart the device.'],
    ['failed:NO_BACKUP', 'Going back failed: there is no usable backup. Nothing was changed. The next update makes one.'],
    ['failed:STEP_FAILED', 'Update failed: it was interrupted. 1.4.0 is back and in use. Try again.'],
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
    ['NOT_FOUND', 'the source does not answer as it should.', /^check source\.url/],
    ['HTTP_STATUS', 'the source does not answer as it should.', /wants a login/],
    ['TLS_FAILED', 'the source does not answer as it should.', /has to renew it/],
    ['REDIRECT_REFUSED', 'the source does not answer as it should.', /set it to the final address/],
    ['RESPONSE_TOO_LARGE', 'it is larger than is allowed here.', /limits\.bundle_bytes/],
    ['RELEASE_INCOMPATIBLE', 'the release is faulty, or not for this device.', /^ask/],
    ['CONFIG_MISSING', 'the setup is wrong.', /^create/],
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
    expect(failureOf({ ...status, run: null, last_result: { ...last, code: 'SOLAR_FLARE', hint: null } }, EN)?.todo).toBe('The details say what.');
  });

  it('do not say that nothing was changed of a rollback that is complete, and does not run', () => {
    const status = STATES.state('failed:NO_BACKUP');
    const last = status.last_result;
    if (last === null) throw new Error('it failed');
    const gone = { ...status, current: '1.3.2', last_result: { ...last, code: 'PROBE_FAILED', to: '1.3.2', tx: '20261122T090017Z' } };
    expect(failureOf(gone, EN)).toMatchObject({
      what: 'Going back failed: it did not run here.',
      meaning: 'The old files are back, but not all works.',
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
      meaning: '1.4.0 is back and in use.',
      todo: 'Try again.',
    });
  });
});
