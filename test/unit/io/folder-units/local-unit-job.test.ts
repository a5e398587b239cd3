import { describe, expect, test } from 'vitest';
import { oneshot, unitsFolder } from '../../../helpers/local-units.ts';

const service = (name: string) => `${name}.service`;

describe('one job at a time', () => {
  test('two starts at once become one run', async () => {
    const { units, events } = unitsFolder({ a: oneshot() });
    expect(await Promise.all([units.start(service('a')), units.start(service('a'))])).toEqual(['done', 'done']);
    expect(events).toEqual(['a: started', 'a: ended success']);
  });

  test('a unit is not started again while it runs', async () => {
    const folder = unitsFolder({ a: oneshot({ program: 'stays-obeys' }), b: oneshot({ unit: ['OnSuccess=a.service'] }) });
    const a = folder.units.start(service('a'));
    await folder.wrote('a', 'here');
    await folder.units.start(service('b'));
    await folder.units.stop(service('a'));
    await a;
    await folder.units.settled();
    expect(folder.events.filter((event) => event === 'a: started')).toHaveLength(1);
  });
});

describe('stop', () => {
  const next = ['OnSuccess=good.service', 'OnFailure=bad.service'];
  const others = { good: oneshot(), bad: oneshot() };

  test.each([
    ['ends by the signal', 'stays', 'bad'],
    ['traps it and exits with 0', 'stays-obeys', 'good'],
    ['is killed because it does not listen', 'stays-deaf', 'bad'],
  ])('a running unit that %s', async (_name, program, started) => {
    const folder = unitsFolder({ a: oneshot({ program, unit: next, service: ['TimeoutStopSec=200ms'] }), ...others });
    const a = folder.units.start(service('a'));
    await folder.wrote('a', 'here');
    expect(await folder.units.stop(service('a'))).toBe('done');
    expect(await a).toBe('canceled');
    await folder.units.settled();
    expect(folder.events).toContain(`${started}: started`);
    expect(folder.events.filter((event) => event.endsWith(': started'))).toHaveLength(2);
  });

  test('a unit that waits is taken back, and starts nothing', async () => {
    const folder = unitsFolder({ a: oneshot({ unit: ['After=b.service', ...next] }), b: oneshot({ program: 'stays' }), ...others });
    const b = folder.units.start(service('b'));
    const a = folder.units.start(service('a'));
    await folder.wrote('b', 'here');
    await folder.units.stop(service('a'));
    expect(await a).toBe('canceled');
    await folder.units.stop(service('b'));
    await b;
    await folder.units.settled();
    expect(folder.events).toEqual(['b: started', 'a: canceled', 'b: ended signal']);
  });

  test('takes those back that require the unit', async () => {
    const folder = unitsFolder({
      a: oneshot({ unit: ['Requires=b.service', 'After=b.service', ...next] }),
      b: oneshot({ program: 'stays' }),
      ...others,
    });
    const a = folder.units.start(service('a'));
    await folder.wrote('b', 'here');
    await folder.units.stop(service('b'));
    expect(await a).toBe('canceled');
    await folder.units.settled();
    expect(folder.events.filter((event) => event.endsWith(': started'))).toEqual(['b: started']);
  });

  test('is done at once for a unit that does not run', async () => {
    expect(await unitsFolder({ a: oneshot() }).units.stop(service('a'))).toBe('done');
  });
});

describe('several programs', () => {
  const again = (program: string) => `/usr/bin/node /usr/lib/pikit-update/${program}.js`;

  test.each([
    ['all of them, in their order', [`ExecStart=${again('speaks')}`], 'done', 100],
    ['none after the first that fails', [`ExecStart=${again('fail')}`, `ExecStart=${again('speaks')}`], 'failed', 0],
    ['the next one where a failure does not count', [`ExecStart=-${again('fail')}`, `ExecStart=${again('speaks')}`], 'done', 100],
  ])('run %s', async (_name, more, result, lines) => {
    const folder = unitsFolder({ a: oneshot({ service: more }) });
    expect(await folder.units.start(service('a'))).toBe(result);
    expect(folder.lines).toHaveLength(lines);
  });
});
