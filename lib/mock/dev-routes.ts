/** What only the mock has, below /api/update/dev/: choosing what is shown, and how runs end, and a page with all of it. */
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { Answer } from '../api/answer.ts';
import { errorAnswer, jsonAnswer } from '../api/answer.ts';
import { readBody } from '../api/request-body.ts';
import { fileAnswer } from '../api/static-files.ts';
import { UpdateError, toErrorCode, toUpdateError } from '../core/errors.ts';
import { Run } from '../core/run/run.ts';
import type { Player } from './player.ts';
import type { MockStates } from './states.ts';

export const DEV_PREFIX = '/api/update/dev/';

const Ending = z.union(
  [
    z.enum(['ok', 'nothing']),
    z
      .string()
      .regex(/^[A-Z_]+$/)
      .transform(toErrorCode),
  ],
  { error: 'must be ok, nothing, or a code' },
);
const StateBody = z.strictObject({ name: z.string() });
const ScriptBody = z.strictObject({ end: Ending.optional(), speed: z.number().min(0.1).max(100).optional() });
const RunBody = z.strictObject({ kind: Run.shape.kind, by: Run.shape.by.default('timer'), end: Ending.optional() });

export interface DevDevice {
  states: MockStates;
  player: Player;
  webFile: (name: string) => string | null;
}

/** Answers a request whose path begins with DEV_PREFIX. */
export async function answerDev(incoming: IncomingMessage, path: string, device: DevDevice): Promise<Answer> {
  try {
    return await answer(incoming, `${incoming.method ?? ''} ${path.slice(DEV_PREFIX.length)}`, device);
  } catch (error) {
    return errorAnswer(toUpdateError(error));
  }
}

async function answer(incoming: IncomingMessage, what: string, { states, player, webFile }: DevDevice): Promise<Answer> {
  switch (what) {
    case 'GET states.html':
    case 'GET states.css':
    case 'GET states.js':
      return fileAnswer(what.slice('GET '.length), webFile);
    case 'GET states':
      return jsonAnswer(200, { states: states.list, ends: ['ok', 'nothing', ...states.failures.map(({ code }) => code)] });
    case 'POST state': {
      const { name } = await readBody(incoming, StateBody);
      player.show(states.state(name));
      return jsonAnswer(200, player.status());
    }
    case 'POST script': {
      const wish = await readBody(incoming, ScriptBody);
      player.script(wish);
      return jsonAnswer(200, wish);
    }
    case 'POST run': {
      const { kind, by, end } = await readBody(incoming, RunBody);
      return jsonAnswer(202, { run: player.start(kind, by, end) });
    }
    default:
      throw new UpdateError('NOT_FOUND', `the mock has no '${what}'`, {
        hint: 'it has GET states, GET states.html, POST state, POST script and POST run',
      });
  }
}
