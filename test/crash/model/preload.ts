/** Loaded before a built program (`node --import`): keeps its calls, and writes them to PIKIT_TRACE when it ends. */
import fs from 'node:fs';
import { trace } from './trace.ts';

const root = process.env['PIKIT_ROOT'] ?? '';
const file = process.env['PIKIT_TRACE'] ?? '';
const { lines, stop } = trace(root);

process.on('exit', () => {
  stop();
  fs.writeFileSync(file, lines.join('\n'));
});
