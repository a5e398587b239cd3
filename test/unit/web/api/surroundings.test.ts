import { expect, it, onTestFinished, vi } from 'vitest';
import { browser } from '../../../../web/api/surroundings.ts';

function inPage(): void {
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  vi.stubGlobal('window', new EventTarget());
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
}

it('are those of the page', async () => {
  inPage();
  const around = browser();
  expect(around.document.visibilityState).toBe('visible');
  expect(Math.abs(around.now() - Date.now())).toBeLessThan(1000);
  // As a method of window it has to be called, or browsers refuse.
  expect(await (await around.fetch('data:text/plain,here')).text()).toBe('here');
});

it('call once after a while, unless that is taken back', async () => {
  inPage();
  const { after } = browser();
  const calls: string[] = [];
  after(1, () => calls.push('taken back'))();
  await new Promise<void>((resolve) => {
    after(2, () => {
      calls.push('called');
      resolve();
    });
  });
  expect(calls).toEqual(['called']);
});

it('open streams, and warn where developers look', () => {
  inPage();
  const opened: string[] = [];
  const make = vi.fn(function (url: string) {
    opened.push(url);
  });
  vi.stubGlobal('EventSource', make);
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  browser().open('/api/update/events');
  browser().warn('odd, ignoring');
  expect([opened, warn.mock.calls]).toEqual([['/api/update/events'], [['pikit-updates: odd, ignoring']]]);
  warn.mockRestore();
});
