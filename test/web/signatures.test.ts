/** What the dialog says of signatures, in both languages: who signed what, what is wrong, and that nothing is offered then. */
import { expect, it } from 'vitest';
import { TRUST_WORDS, isTrustCode } from '../../lib/core/trust/trust-words.ts';
import { capitalized } from '../../web/model/text.ts';
import { de } from '../../web/strings/de.ts';
import { en } from '../../web/strings/en.ts';
import type { Strings } from '../../web/strings/en.ts';
import { describeInBrowser } from '../helpers/browser.ts';
import type { Widget } from './widget.ts';
import { widget } from './widget.ts';

const LANGUAGES: readonly [string, Strings][] = [
  ['English', en],
  ['German', de],
];

/** The dialog in a language, when its texts are there. */
async function shown({ page, dialog, open }: Widget, strings: Strings): Promise<string> {
  await page.evaluate((lang) => {
    document.querySelector('pikit-updates')?.setAttribute('lang', lang);
  }, strings.lang);
  await open();
  await dialog.getByRole('heading', { name: strings.heading.history }).waitFor();
  return (await dialog.innerText()).replace(/\s+/g, ' ');
}

describeInBrowser('signatures', (web) => {
  it.each(LANGUAGES)('that a check has not accepted are told in %s by each code, with what to do', async (_name, strings) => {
    const tab = await widget(web, { state: 'signed' });
    await shown(tab, strings);
    for (const code of Object.keys(TRUST_WORDS).filter(isTrustCode)) {
      await tab.mock.show(`failed:${code}`);
      const { what, todo } = strings.causes[code];
      await tab.dialog.getByText(what).waitFor();
      const text = (await tab.dialog.innerText()).replace(/\s+/g, ' ');
      expect(text, code).toContain(`${strings.meaning.unchanged} ${todo}`);
    }
  });

  it.each(LANGUAGES)('that are wrong are told in %s as long as they are, whatever came after', async (_name, strings) => {
    const text = await shown(await widget(web, { state: 'signatures-older' }), strings);
    const { what, todo } = strings.causes.METADATA_ROLLBACK;
    expect(text).toContain(`${capitalized(what)} ${strings.trust.safe} ${todo} 'timestamp.json' is version 30`);
  });

  it.each(LANGUAGES)('of the installed and the available release are told in %s', async (_name, strings) => {
    const text = await shown(await widget(web, { state: 'signed-available' }), strings);
    expect(text).toContain(`${strings.label.signers} Ada (offline)`);
    expect(text).toMatch(new RegExp(`${strings.label.signers}: Ada \\(offline\\), SHA256:[\\w+/]{43} · `));
    expect(text).not.toContain(strings.trust.unsigned);
  });

  it.each(LANGUAGES)('that have expired are told in %s with the last good day, and nothing is offered', async (_name, strings) => {
    const tab = await widget(web, { state: 'signatures-expired' });
    const text = await shown(tab, strings);
    expect(text).toContain(strings.trust.expired);
    expect(text).toMatch(
      new RegExp(
        strings.trust
          .since('@')
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replace('@', '.*2\\d{3}'),
      ),
    );
    expect(text).not.toContain(strings.chip['up-to-date']);
    expect(await tab.dialog.getByRole('button', { name: strings.button.download }).count()).toBe(0);
  });

  it.each(LANGUAGES)('that are not valid are told in %s with what to do', async (_name, strings) => {
    const text = await shown(await widget(web, { state: 'signatures-wrong' }), strings);
    expect(text).toContain(strings.causes.SIGNATURE_INVALID.what);
    expect(text).toContain(strings.causes.SIGNATURE_INVALID.todo);
    expect(text).toContain(strings.chip.untrusted);
  });

  it.each(LANGUAGES)('that this device does not ask for are told once in %s, and where automatic updates are set', async (_name, strings) => {
    const tab = await widget(web, { state: 'unsigned' });
    const text = await shown(tab, strings);
    expect(text.split(strings.trust.unsigned)).toHaveLength(2);
    await tab.dialog.getByRole('heading', { name: strings.heading.auto }).click();
    await tab.dialog.getByText(strings.trust.automatic).waitFor();
  });

  it('tell who signs each branch in the chooser', async () => {
    const tab = await widget(web, { state: 'signed-by-branch' });
    await shown(tab, en);
    await tab.heading(en.heading.branch).click();
    await tab.dialog.getByText(`${en.label.signers}: CI of Pi-Kit`).first().waitFor();
    expect(await tab.dialog.locator('label.choice', { hasText: 'Beta' }).innerText()).toContain('CI of Pi-Kit');
  });
});
