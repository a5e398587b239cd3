import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseFingerprint } from '../../../../lib/core/trust/parse-fingerprint.ts';

const DIGEST = createHash('sha256').update('a key').digest();
const PADDED = DIGEST.toString('base64');
const BARE = PADDED.replace('=', '');
const HEX = DIGEST.toString('hex');
const FORM = `SHA256:${BARE}`;

describe('parseFingerprint', () => {
  it.each([
    ['as it is shown', FORM],
    ['with padding', `SHA256:${PADDED}`],
    ['without its name', BARE],
    ['without its name, with padding', PADDED],
    ['with the name in small letters', `sha256:${BARE}`],
    ['in hex', HEX],
    ['in large hex, with its name', `SHA256:${HEX.toUpperCase()}`],
    ['in hex with colons', HEX.replaceAll(/..(?!$)/g, '$&:')],
    ['with blanks around it', ` ${FORM}\n`],
  ])('takes one %s', (_name, typed) => {
    expect(parseFingerprint(typed)).toBe(FORM);
  });

  it.each([
    ['nothing', ''],
    ['a name alone', 'SHA256:'],
    ['a letter too few', FORM.slice(0, -1)],
    ['a letter too many', `${FORM}A`],
    ['the padding twice', `${FORM}==`],
    ['letters of another alphabet', FORM.replace(/.$/, '!')],
    ['bits beyond its end', `${FORM.slice(0, -1)}B`],
    ['a digit too few in hex', HEX.slice(1)],
    ['another algorithm', `MD5:${HEX}`],
  ])('refuses %s', (_name, typed) => {
    expect(parseFingerprint(typed)).toBe(null);
  });
});
