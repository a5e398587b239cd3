import { expect, it, onTestFinished, vi } from 'vitest';
import { stringsFor } from '../../../../web/strings/strings.ts';

it.each([
  ['de', 'de'],
  ['de-AT', 'de'],
  ['DE_ch', 'de'],
  ['en', 'en'],
  ['en-GB', 'en'],
  ['fr', 'en'],
  ['den', 'en'],
  ['', 'en'],
])("for '%s' are those of %s", async (tag, lang) => {
  expect((await stringsFor(tag)).lang).toBe(lang);
});

it('are English when those that are wanted cannot be loaded, or do not come', async () => {
  onTestFinished(() => {
    vi.doUnmock('../../../../web/strings/de.ts');
  });
  vi.doMock('../../../../web/strings/de.ts', () => {
    throw new Error('gone');
  });
  expect((await stringsFor('de')).lang).toBe('en');
  vi.doMock('../../../../web/strings/de.ts', () => new Promise(() => undefined));
  const late = new AbortController();
  const strings = stringsFor('de', late.signal);
  late.abort();
  expect((await strings).lang).toBe('en');
});
