/** `npm run dev`: the HTTP API with a played device behind it, for developers of dashboards. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toUpdateError } from '../lib/core/errors.ts';
import { openApiDocument } from '../lib/core/http-api/openapi.ts';
import { webFiles } from '../lib/io/api/web-files.ts';
import { wallClock } from '../lib/mock/clock.ts';
import { serveMock } from '../lib/mock/dev-server.ts';
import { mockStates } from '../lib/mock/states.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { VERSION } from './updater-version.ts';

const USAGE = `usage: npm run dev [-- [--port PORT] [--state NAME] [--host NAME] [--states FILE]]

Serves the HTTP API of the updater on 127.0.0.1, with a played device behind it: no systemd, no root, no token.
  --port PORT     default 8737; 0 for any that is free
  --state NAME    what to begin with; default available
  --host NAME     a further name that requests may call this machine by, also more than once
  --states FILE   instead of test/fixtures/mock-update-status.json
`;

const streams = standardStreams();
await runProgram(main, streams);

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8737' },
        state: { type: 'string', default: 'available' },
        host: { type: 'string', multiple: true, default: [] },
        states: { type: 'string', default: join(import.meta.dirname, '..', 'test', 'fixtures', 'mock-update-status.json') },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      streams.out(USAGE);
      return 0;
    }
    return await serve(values);
  } catch (error) {
    const { message, hint } = toUpdateError(error);
    streams.err(`error: ${message}\n${hint === null ? USAGE : `hint: ${hint}\n`}`);
    return 2;
  }
}

interface Options {
  port: string;
  state: string;
  host: string[];
  states: string;
}

async function serve({ port, state, host, states: file }: Options): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
  const clock = wallClock();
  const states = mockStates(JSON.parse(fs.readFileSync(file, 'utf8')), clock.now);
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-dev-'));
  try {
    const server = await serveMock({
      states,
      port: Number(port),
      first: state,
      dir,
      hosts: host,
      webFile: webFiles(join(import.meta.dirname, 'web')),
      openapi: JSON.stringify(openApiDocument(VERSION)),
      clock,
      warn: (message) => {
        streams.err(`${message}
`);
      },
    });
    streams.out(`${server.url}/api/update/status

The widget:      ${server.url}/api/update/page
in every state:  ${server.url}/api/update/dev/states.html

The device is played: '${state}' of ${String(states.list.length)} states, and runs that end as you like.
  curl ${server.url}/api/update/dev/states
  curl '${server.url}/api/update/status?state=downloading'
  curl ${server.url}/api/update/dev/state --json '{"name": "rolled-back"}'
  curl ${server.url}/api/update/dev/script --json '{"end": "PROBE_FAILED", "speed": 2}'
  curl ${server.url}/api/update/apply --json '{}' -H 'Accept: text/event-stream'
The same on a unix socket: ${server.socket}
`);
    await stopped;
    await server.close();
    return 0;
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}
