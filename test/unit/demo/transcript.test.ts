import { expect, test } from 'vitest';
import { shortName, transcript } from '../../../lib/demo/transcript.ts';
import type { UnitEvent } from '../../../lib/io/folder-units/local-units.ts';

function written(use: (say: ReturnType<typeof transcript>) => void, colour = false): string {
  let text = '';
  use(transcript((part) => (text += part), colour));
  return text;
}

test.each([
  ['pikit-update-gate@fetch.service', 'gate@fetch'],
  ['pikit-update-apply.service', 'apply'],
  ['nginx.service', 'nginx'],
])('%s is %s', (unit, name) => {
  expect(shortName(unit)).toBe(name);
});

const unit = 'pikit-update-apply.service';
const by = 'pikit-update-gate@apply.service';
const run = { result: 'success', exitStatus: 0, signal: null } as const;

test.each<[string, UnitEvent, string]>([
  ['by-hand', { unit, is: 'started', cause: { by: 'start' } }, '┌ started'],
  ['by-timer', { unit, is: 'started', cause: { by: 'timer', unit: 'x.timer' } }, '┌ started by x.timer'],
  ['by-unit', { unit, is: 'started', cause: { by: 'OnSuccess', unit: by } }, '┌ started by OnSuccess= of gate@apply'],
  ['skipped', { unit, is: 'skipped', cause: { by: 'start' }, condition: 'ConditionPathExists=/x' }, '· skipped: ConditionPathExists=/x'],
  ['well', { unit, is: 'ended', cause: { by: 'start' }, ms: 1234, run }, '└ succeeded after 1.23 s'],
  [
    'exit',
    { unit, is: 'ended', cause: { by: 'start' }, ms: 5, run: { result: 'exit-code', exitStatus: 75, signal: null } },
    '└ failed (exit-code 75) after 0.01 s',
  ],
  [
    'signal',
    { unit, is: 'ended', cause: { by: 'start' }, ms: 0, run: { result: 'signal', exitStatus: null, signal: 'SIGKILL' } },
    '└ failed (signal SIGKILL) after 0.00 s',
  ],
  ['dependency', { unit, is: 'dependency', cause: { by: 'start' }, required: 'pikit-update-fetch.service' }, '· did not run: fetch failed'],
  ['canceled', { unit, is: 'canceled', cause: { by: 'start' } }, '· stopped before it ran'],
])('event: %s', (_name, event, text) => {
  expect(written((say) => { say.event(event); })).toBe(`     apply         ${text}\n`); // prettier-ignore
});

test('acts are numbered, and what is not true is named', () => {
  const text = written((say) => {
    say.act('one');
    say.finding('it holds', []);
    say.act('two');
    say.finding('it does not', ['a is b']);
  });
  expect(text).toBe('\n1. one\n   ✔ it holds\n\n2. two\n   ✘ it does not\n     a is b\n');
});

test('no control sequences without colour', () => {
  const use = (say: ReturnType<typeof transcript>): void => {
    say.act('a');
    say.moment('b');
    say.command('c', 'd');
    say.journal(unit, 'error: e');
    say.journal(unit, 'warning: f');
    say.finding('i', ['j']);
  };
  expect(written(use)).not.toContain('\u001b');
  expect(written(use, true)).toContain('\u001b[31merror: e\u001b[0m');
});
