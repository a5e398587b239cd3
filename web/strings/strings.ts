/** The languages of the widget. English is what a text falls back to; any other is a file of its own, for those who read it. */
import { en, type Strings } from './en.ts';

/** So long no words are better than some that may not be understood. */
const LATE_MS = 5000;

/** The texts for a language tag such as `de-AT`; English for one that is not here, or does not come before it is `late`. */
export async function stringsFor(tag: string, late = AbortSignal.timeout(LATE_MS)): Promise<Strings> {
  if (!/^de(?![a-z])/i.test(tag)) return en;
  const deadline = new Promise<never>((_resolve, reject) => {
    late.onabort = reject;
  });
  return await Promise.race([import('./de.ts'), deadline]).then(
    ({ de }) => de,
    () => en,
  );
}
