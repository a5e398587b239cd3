import { expect, it } from 'vitest';
import { sha256Of } from '../../../lib/core/digest.ts';

it('is that of sha256sum(1)', () => {
  expect(sha256Of(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256Of(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
