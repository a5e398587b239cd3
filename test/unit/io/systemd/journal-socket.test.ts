import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { journalSocket } from '../../../../lib/io/systemd/journal-socket.ts';
import { temporary } from '../../../helpers/device.ts';

it('writes an entry in one piece, as the native protocol has it', () => {
  const file = join(temporary(), 'entries');
  const fd = fs.openSync(file, 'w');
  const write = journalSocket({ PIKIT_JOURNAL_FD: String(fd) });
  expect(write?.({ MESSAGE: 'ä is installed', PRIORITY: '5' })).toBe(true);
  expect(fs.readFileSync(file, 'utf8')).toBe('MESSAGE=ä is installed\nPRIORITY=5\n');
  expect(write?.({ MESSAGE: 'x'.repeat(100_000) })).toBe(false);
  fs.closeSync(fd);
  expect(write?.({ MESSAGE: 'late' })).toBe(false);
  expect(fs.readFileSync(file, 'utf8')).not.toMatch(/x|late/);
});

it.each([undefined, '', 'x', '1', '-3', '3.5'])('is not there without a descriptor: %s', (value) => {
  expect(journalSocket(value === undefined ? {} : { PIKIT_JOURNAL_FD: value })).toBeNull();
});
