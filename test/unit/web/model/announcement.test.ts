import { expect, it } from 'vitest';
import { announcementOf } from '../../../../web/model/announcement.ts';
import { chipOf } from '../../../../web/model/chip.ts';
import { en } from '../../../../web/strings/en.ts';
import type { StatusAnswer } from '../../../../lib/core/http-api/api-answers.ts';
import type { Link } from '../../../../web/api/link.ts';
import { framesOf } from '../../../../lib/mock/script.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();
const EN = en;

function said(status: StatusAnswer | null, link: Link = { is: 'live' }): string {
  return announcementOf(chipOf({ status, link, nowMs: Date.parse('2026-11-22T09:01:00Z') }, EN), status, EN);
}

it('names each phase of an update once, and no numbers', () => {
  const base = STATES.state('available');
  const begun = new Date('2026-11-22T09:00:00Z');
  const frames = framesOf({ id: 'x', kind: 'update', by: 'owner', begun, base, end: 'ok', defaults: STATES.defaults });
  const all = frames.map(({ status }) => said(status));
  expect(all.filter((text, index) => text !== all[index - 1])).toEqual([
    'Downloading',
    'Unpacking',
    'Verifying',
    'Preparing',
    'Installing',
    'Running install commands',
    'Restarting services',
    'Checking health',
    'Up to date',
  ]);
});

it('says that the connection is lost rather than what was so', () => {
  expect(said(STATES.state('installing'), { is: 'reconnecting' })).toBe('Reconnecting…');
  expect(said(null)).toBe('Connecting…');
});
