import { describe, expect, it } from 'vitest';
import { noView, progressView } from '../../../lib/cli/progress-view.ts';
import { PROGRESS } from '../../helpers/cli-device.ts';

function views(isTerminal: boolean) {
  const written: string[] = [];
  const view = progressView({ out: (text) => written.push(text), err: () => undefined, isTerminal, columns: () => 40 });
  return { view, written };
}

describe('on a terminal', () => {
  it('draws one line anew, and removes it in the end', () => {
    const { view, written } = views(true);
    view.show(PROGRESS);
    view.show(PROGRESS);
    view.show({ ...PROGRESS, percent: 46 });
    view.end();
    view.end();
    expect(written).toHaveLength(3);
    expect(written.every((text) => text.startsWith('\r\u001b[2K'))).toBe(true);
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });
});

describe('in a pipe', () => {
  it('writes a line for each phase and each quarter', () => {
    const { view, written } = views(false);
    for (const percent of [0, 3, 24, 26, 49, 50, 99]) view.show({ ...PROGRESS, percent, bytes: null, total_bytes: null, rate_bytes_per_s: null });
    view.show({ ...PROGRESS, phase: 'unpacking', percent: null, bytes: null, total_bytes: null, rate_bytes_per_s: null });
    view.end();
    expect(written).toEqual([
      'downloading 1.4.0, 0%\n',
      'downloading 1.4.0, 26%\n',
      'downloading 1.4.0, 50%\n',
      'downloading 1.4.0, 99%\n',
      'unpacking 1.4.0\n',
    ]);
  });
});

it('is silent for programs', () => {
  expect(() => {
    noView().show(PROGRESS);
    noView().end();
  }).not.toThrow();
});
