import { expect, it } from 'vitest';
import { moved } from '../../../lib/mock/moved.ts';
import { mockFile, readMockStates } from '../../helpers/played.ts';

const DAY_MS = 86_400_000;

it.each<[what: string, value: unknown, later: unknown]>([
  ['a date', '2026-12-31T23:00:00.250Z', '2027-01-01T23:00:00.250Z'],
  ['a date without a fraction', '2026-12-31T23:00:00Z', '2027-01-01T23:00:00Z'],
  ['the name of a transaction', '20261231T230000Z', '20270101T230000Z'],
  ['a folder of backups', '/var/backups/pikit/20240228T042112Z-1.3.2', '/var/backups/pikit/20240229T042112Z-1.3.2'],
  ['what is told', 'the clock says 2024-01-01T00:00:00.000Z', 'the clock says 2024-01-01T00:00:00.000Z'],
  ['no day', '20269999T230000Z', '20269999T230000Z'],
  ['what is inside', { a: [{ b: '2026-12-31T23:00:00Z' }], c: 1, d: null, e: true }, { a: [{ b: '2027-01-01T23:00:00Z' }], c: 1, d: null, e: true }],
])('moves %s', (_what, value, later) => {
  expect(moved(value, DAY_MS)).toEqual(later);
  expect(moved(later, -DAY_MS)).toEqual(value);
});

it.each([400, 3653])('is how a device of the mock was checked today %i days after its file was written', (days) => {
  const written = readMockStates();
  const now = (): Date => new Date(Date.parse(String(Reflect.get(Object(mockFile()), 'now'))) + days * DAY_MS);
  const later = readMockStates(now);
  const ageMs = (states: typeof written, at: Date): number => at.getTime() - Date.parse(states.state('up-to-date').last_check ?? '');
  expect(ageMs(later, now())).toBeLessThan(DAY_MS);
  expect(moved(later.state('went-back'), -days * DAY_MS)).toEqual(written.state('went-back'));
  expect(moved(later.defaults, -days * DAY_MS)).toEqual(written.defaults);
});
