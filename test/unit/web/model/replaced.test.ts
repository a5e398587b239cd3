import { expect, it } from 'vitest';
import { replacedBy } from '../../../../web/model/replaced.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();

it('is told when another version is installed than when the page came', () => {
  expect(replacedBy('1.4.0', STATES.state('updated'))).toBe('1.5.0');
  expect(replacedBy('1.4.0', STATES.state('went-back'))).toBe('1.3.2');
  expect(replacedBy(null, STATES.state('updated'))).toBe('1.5.0');
});

it('is not told of the same version, of none, or while it may be taken back', () => {
  expect(replacedBy('1.4.0', STATES.state('up-to-date'))).toBeNull();
  expect(replacedBy('1.4.0', STATES.state('never-checked'))).toBeNull();
  expect(replacedBy('1.3.2', STATES.state('checking-health'))).toBeNull();
});
