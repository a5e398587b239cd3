import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { matching } from '../../../helpers/matchers.ts';
import { oneshot, unitsFolder } from '../../../helpers/local-units.ts';

const service = (name: string) => `${name}.service`;

describe('what a start pulls in', () => {
  test('Requires= and After=: the required unit runs first', async () => {
    const { units, events } = unitsFolder({ a: oneshot({ unit: ['Requires=b.service', 'After=b.service'] }), b: oneshot() });
    expect(await units.start(service('a'))).toBe('done');
    expect(events).toEqual(['b: started', 'b: ended success', 'a: started', 'a: ended success']);
  });

  test('Before= orders as well, from the other side', async () => {
    const { units, events } = unitsFolder({ a: oneshot({ unit: ['Requires=b.service'] }), b: oneshot({ unit: ['Before=a.service'] }) });
    await units.start(service('a'));
    expect(events).toEqual(['b: started', 'b: ended success', 'a: started', 'a: ended success']);
  });

  test('After= alone pulls in nothing, and waits for what runs already', async () => {
    const folder = unitsFolder({ a: oneshot({ unit: ['After=b.service'] }), b: oneshot({ program: 'stays-obeys' }) });
    await folder.units.start(service('a'));
    expect(folder.events.splice(0)).toEqual(['a: started', 'a: ended success']);
    const b = folder.units.start(service('b'));
    await folder.wrote('b', 'here');
    const a = folder.units.start(service('a'));
    await folder.units.stop(service('b'));
    await Promise.all([a, b]);
    expect(folder.events).toEqual(['b: started', 'b: ended success', 'a: started', 'a: ended success']);
  });

  test('a required unit runs at each start', async () => {
    const { units, events } = unitsFolder({ a: oneshot({ unit: ['Requires=b.service', 'After=b.service'] }), b: oneshot() });
    await units.start(service('a'));
    await units.start(service('a'));
    expect(events.filter((event) => event === 'b: started')).toHaveLength(2);
  });

  test('what Wants= names may fail or be missing; targets are there', async () => {
    const { units, events } = unitsFolder({
      a: oneshot({ unit: ['Wants=b.service missing.service', 'Wants=network-online.target', 'After=b.service network-online.target'] }),
      b: oneshot({ program: 'fail' }),
    });
    expect(await units.start(service('a'))).toBe('done');
    expect(events).toEqual(['b: started', 'b: ended exit-code', 'a: started', 'a: ended success']);
  });

  test('a required unit that is missing refuses the start, and nothing runs', async () => {
    const { units, events } = unitsFolder({ a: oneshot({ unit: ['Requires=missing.service'] }) });
    await expect(units.start(service('a'))).rejects.toThrow(/'missing\.service' is not in/);
    await units.settled();
    expect(events).toEqual(['a: canceled']);
  });

  test('units that wait for each other are refused', async () => {
    const { units, events } = unitsFolder({
      a: oneshot({ unit: ['Requires=b.service', 'After=b.service'] }),
      b: oneshot({ unit: ['After=a.service'] }),
    });
    await expect(units.start(service('a'))).rejects.toThrow(/wait for each other/);
    expect(events).toEqual([]);
  });
});

describe('conditions', () => {
  const triggers = ['OnSuccess=good.service', 'OnFailure=bad.service'];
  const others = { good: oneshot(), bad: oneshot() };

  test('a skipped unit is done, and triggers neither OnSuccess= nor OnFailure=', async () => {
    const { units, events } = unitsFolder({ a: oneshot({ unit: ['ConditionPathExists=/run/token', ...triggers] }), ...others });
    expect(await units.start(service('a'))).toBe('done');
    await units.settled();
    expect(events).toEqual(['a: skipped']);
  });

  test('a skipped unit satisfies Requires=', async () => {
    const { units, events } = unitsFolder({
      a: oneshot({ unit: ['Requires=b.service', 'After=b.service'] }),
      b: oneshot({ unit: ['ConditionPathExists=/run/token'] }),
    });
    expect(await units.start(service('a'))).toBe('done');
    expect(events).toEqual(['b: skipped', 'a: started', 'a: ended success']);
  });

  test('are looked at when the turn has come, not when the start was asked for', async () => {
    const folder = unitsFolder({
      a: oneshot({ unit: ['After=b.service', 'ConditionPathExists=/run/token'] }),
      b: oneshot({ program: 'stays-obeys' }),
    });
    const b = folder.units.start(service('b'));
    const a = folder.units.start(service('a'));
    await folder.wrote('b', 'here');
    folder.touch('/run/token');
    await folder.units.stop(service('b'));
    await Promise.all([a, b]);
    expect(folder.events.at(-1)).toBe('a: ended success');
  });
});

describe('what a unit starts when it has ended', () => {
  const next = ['OnSuccess=good.service', 'OnFailure=bad.service'];
  test.each([
    ['exit-0', oneshot({ unit: next }), 'done', 'good'],
    ['exit-3', oneshot({ unit: next, program: 'fail' }), 'failed', 'bad'],
    ['signal', oneshot({ unit: next, program: 'dies' }), 'failed', 'bad'],
    ['success-exit-status', oneshot({ unit: next, program: 'ends75', service: ['SuccessExitStatus=75 SIGUSR1'] }), 'done', 'good'],
    ['another-exit-status', oneshot({ unit: next, program: 'fail', service: ['SuccessExitStatus=75'] }), 'failed', 'bad'],
    ['success-signal', oneshot({ unit: next, program: 'dies', service: ['SuccessExitStatus=SIGKILL'] }), 'done', 'good'],
    ['start-timeout', oneshot({ unit: next, program: 'stays', service: ['TimeoutStartSec=200ms'] }), 'failed', 'bad'],
  ])('%s', async (_name, a, result, started) => {
    const { units, all } = unitsFolder({ a, good: oneshot(), bad: oneshot() });
    expect(await units.start(service('a'))).toBe(result);
    await units.settled();
    expect(all.filter((event) => event.is === 'started').map(({ unit, cause }) => [unit, cause])).toEqual([
      ['a.service', { by: 'start' }],
      [service(started), { by: started === 'good' ? 'OnSuccess' : 'OnFailure', unit: 'a.service' }],
    ]);
  });

  test('OnFailure= also starts when a required unit failed, and the unit itself never ran', async () => {
    const { units, events } = unitsFolder({
      a: oneshot({ unit: ['Requires=b.service', 'After=b.service', ...next] }),
      b: oneshot({ program: 'fail' }),
      good: oneshot(),
      bad: oneshot(),
    });
    expect(await units.start(service('a'))).toBe('dependency');
    await units.settled();
    expect(events).toEqual(['b: started', 'b: ended exit-code', 'a: dependency', 'bad: started', 'bad: ended success']);
  });

  test('a template passes its instance on, and mv works below the folder', async () => {
    const gate = [
      ['[Unit]', 'ConditionPathExists=/run/next/%i', 'OnSuccess=step-%i.service'],
      ['[Service]', 'Type=oneshot', 'ExecStart=/usr/bin/mv -T /run/next/%i /run/granted/%i', ''],
    ];
    const folder = unitsFolder({
      'gate@.service': gate.flat().join('\n'),
      'step-x': oneshot(),
      a: oneshot({ unit: ['OnSuccess=gate@x.service gate@y.service'] }),
    });
    folder.touch('/run/next/x');
    fs.mkdirSync(join(folder.root, 'run/granted'));
    await folder.units.start(service('a'));
    await folder.units.settled();
    expect(folder.events.filter((event) => event !== 'gate@y: skipped')).toEqual(
      ['a', 'gate@x', 'step-x'].flatMap((name) => [`${name}: started`, `${name}: ended success`]),
    );
    expect(folder.events).toContain('gate@y: skipped');
    expect(fs.readdirSync(join(folder.root, 'run/granted'))).toEqual(['x']);
  });
});

describe('watching', () => {
  test('look says whether a unit runs, and how it ended last', async () => {
    const folder = unitsFolder({ a: oneshot({ program: 'ends75' }), b: oneshot({ program: 'stays' }) });
    expect(await folder.units.look(service('a'))).toEqual({
      active: false,
      waiting: false,
      result: null,
      exitStatus: null,
      invocation: null,
      since: null,
    });
    await folder.units.start(service('a'));
    expect(await folder.units.look(service('a'))).toMatchObject({ active: false, result: 'exit-code', exitStatus: 75 });
    const b = folder.units.start(service('b'));
    await folder.wrote('b', 'here');
    expect((await folder.units.look(service('b'))).active).toBe(true);
    folder.units.kill(service('b'), 'SIGKILL');
    expect(await b).toBe('failed');
    expect(await folder.units.look(service('b'))).toMatchObject({ active: false, result: 'signal', exitStatus: null });
  });

  test('look says what waits for another one, and as which start a program runs', async () => {
    const b = oneshot({ program: 'environment', unit: ['Requires=a.service', 'After=a.service'] });
    const { units, lines, wrote } = unitsFolder({ a: oneshot({ program: 'stays-obeys' }), b });
    const started = units.start(service('b'));
    await wrote('a', 'here');
    expect(await units.look(service('a'))).toMatchObject({
      active: true,
      waiting: false,
      invocation: matching(/^[0-9a-f]{32}$/),
      since: matching('Z$'),
    });
    expect(await units.look(service('b'))).toMatchObject({ active: false, waiting: true, invocation: null });
    units.kill(service('a'), 'SIGTERM');
    expect(await started).toBe('done');
    const { invocation } = await units.look(service('b'));
    expect(lines.some((line) => line.includes(`"INVOCATION_ID":"${String(invocation)}"`))).toBe(true);
  });

  test('follow tells of the units it was asked about, until close', async () => {
    const { units } = unitsFolder({ a: oneshot(), b: oneshot() });
    let changes = 0;
    await units.follow([service('a')], () => {
      changes += 1;
    });
    await units.start(service('b'));
    expect(changes).toBe(0);
    await units.start(service('a'));
    expect(changes).toBe(2);
    units.close();
    await units.start(service('a'));
    expect(changes).toBe(2);
  });

  test('no timer elapses by itself', async () => {
    expect(await unitsFolder({}).units.nextElapse('a.timer')).toBeNull();
  });
});

test('a timer starts its unit, which learns of it; a start by hand does not say so', async () => {
  const folder = unitsFolder({ 'daily.timer': '[Timer]\nUnit=a.service\n', a: oneshot({ program: 'environment' }) });
  expect(await folder.units.startFromTimer('daily.timer')).toBe('done');
  await folder.units.start(service('a'));
  expect(folder.lines.map((line) => line.includes('"TRIGGER_UNIT":"daily.timer"'))).toEqual([true, false]);
  expect(folder.all[0]).toMatchObject({ unit: 'a.service', is: 'started', cause: { by: 'timer', unit: 'daily.timer' } });
});

test('abandon kills what runs, and starts nothing more', async () => {
  const folder = unitsFolder({ a: oneshot({ program: 'stays-deaf', unit: ['OnFailure=b.service'] }), b: oneshot() });
  const a = folder.units.start(service('a'));
  await folder.wrote('a', 'here');
  await folder.units.abandon();
  expect(await a).toBe('canceled');
  expect(folder.events).toEqual(['a: started', 'a: ended signal']);
});
