/** docs/api.md says what is true: its commands are run against the server, and its tables are held against the schemas. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { watch } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../../lib/api/app.ts';
import type { ApiDeps } from '../../../lib/api/deps.ts';
import { serveApi } from '../../../lib/api/server.ts';
import { STATIC_PATHS } from '../../../lib/api/static-files.ts';
import { ROUTES } from '../../../lib/core/http-api/api-routes.ts';
import type { Route } from '../../../lib/core/http-api/api-routes.ts';
import { statusOf } from '../../../lib/core/http-api/api-status.ts';
import { toErrorCode } from '../../../lib/core/errors.ts';
import { Run } from '../../../lib/core/run/run.ts';
import { mockBackend } from '../../../lib/mock/backend.ts';
import { player } from '../../../lib/mock/player.ts';
import { temporary } from '../../helpers/device.ts';
import { handClock, playedServer, readMockStates } from '../../helpers/played.ts';

const DOC = fs.readFileSync('docs/api.md', 'utf8');
const TOKEN = 'a'.repeat(64);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const hasNginx = spawnSync('nginx', ['-v']).error === undefined;

interface Block {
  language: string;
  text: string;
  line: number;
}

const BLOCKS: readonly Block[] = [...DOC.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
  language: match[1] ?? '',
  text: match[2] ?? '',
  line: DOC.slice(0, match.index).split('\n').length + 1,
}));

/** The rows of the table below a heading or a text, cell by cell. */
function table(below: string): string[][] {
  const after = DOC.slice(DOC.indexOf(below));
  const [text = ''] = /^\|[\s\S]*?\n(?!\|)/m.exec(after) ?? [];
  const rows = text.trim().split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The same played device, on TCP with a token. */
async function tcpServer(): Promise<number> {
  const states = readMockStates();
  const clock = handClock();
  const playing = player(states, 'available', clock);
  const deps: ApiDeps = {
    backend: mockBackend(states, playing, clock),
    journal: null,
    openapi: '{}',
    webFile: () => null,
    now: clock.now,
    warn: () => undefined,
    hosts: () => ['127.0.0.1'],
    token: () => TOKEN,
    limits: { heartbeatMs: 15_000, streams: 8, bufferedBytes: 65_536 },
  };
  const server = await serveApi(createApp(deps), deps, [{ port: 0 }], null);
  onTestFinished(async () => {
    server.stop();
    await server.ended;
  });
  return Number(server.listening[0]);
}

/** Runs a command against a device of its own; one that follows is ended after its first event, and a run is played to its end. */
async function run(command: string): Promise<{ code: number | null; text: string }> {
  const played = await playedServer();
  const dir = temporary();
  fs.writeFileSync(join(dir, 'api-token'), `${TOKEN}\n`);
  const port = command.includes('api-token') ? String(await tcpServer()) : played.url.replace(/.*:/, '');
  const mine = command.replaceAll('/run/pikit-update-api/api.sock', played.socket).replaceAll('/etc/pikit', dir).replaceAll(':8737', `:${port}`);
  const child = spawn('sh', ['-euc', `exec ${mine}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const isRun = command.includes('update/apply');
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (!command.includes('-sSN') || !text.includes('data: ')) return;
    if (isRun) played.clock.pass(5000);
    else child.kill();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text };
}

/** Of a list that the page shows the beginning of, the beginning; an empty list is shown whole. */
function cut(value: unknown, like: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(like)) {
    const items: unknown[] = like.length === 0 ? value : value.slice(0, like.length);
    return items.map((item, index) => cut(item, like[index]));
  }
  if (typeof value !== 'object' || value === null || typeof like !== 'object' || like === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member, Reflect.get(like, name))]));
}

describe.skipIf(!hasCurl)('the commands of docs/api.md', () => {
  BLOCKS.forEach((block, index) => {
    if (block.language !== 'sh') return;
    it.each(block.text.trim().split('\n'))(`do what line ${String(block.line)} says: %s`, async (command) => {
      const { code, text } = await run(command);
      const next = BLOCKS[index + 1];
      if (command.includes('-sSN')) {
        expect(text).toMatch(/^retry: 2000\n\n(?:: .*\n\n)?event: (?:status|line)\nid: \S+\ndata: \{/m);
        if (command.includes('update/apply')) expect([code, text.includes('"message":"1.5.0 is installed (before: 1.4.0)"')]).toEqual([0, true]);
        return;
      }
      expect(code).toBe(0);
      if (command.includes('-sSI')) {
        expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*^etag: "[0-9a-f]{64}"$/im);
        return;
      }
      const answer: unknown = JSON.parse(text);
      expect(answer).not.toHaveProperty('error');
      if (next?.language !== 'json') return;
      const said: unknown = JSON.parse(next.text);
      expect({ answer: cut(answer, said) }).toMatchObject({ answer: said });
    });
  });

  it('are all in blocks that are run', () => {
    expect([...new Set(BLOCKS.map(({ language }) => language))].toSorted()).toEqual(['console', 'js', 'json', 'nginx', 'python', 'sh']);
    const commands = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
    expect(DOC.match(/^\s*curl /gm)).toHaveLength(commands.join('').match(/^curl /gm)?.length ?? 0);
  });

  it('are one for every file', () => {
    for (const path of STATIC_PATHS) expect(DOC).toMatch(new RegExp(`^curl -sSI .*http://localhost${path.replace('.', '\\.')}$`, 'm'));
  });

  it('are one for every route', () => {
    const commands = BLOCKS.filter(({ language }) => language === 'sh')
      .map(({ text }) => text)
      .join('');
    for (const { method, path } of Object.values<Route>(ROUTES)) {
      const pattern = `/api/update/${path.replaceAll('/', '\\/').replace('.', '\\.')}(?:\\?[^\\s']*)?'?(?=\\s|$)(?! --json)`;
      const posted = new RegExp(`/api/update/${path}'? --json`);
      expect(commands, `${method} ${path}`).toMatch(method === 'POST' ? posted : new RegExp(pattern));
    }
  });
});

describe('what docs/api.md says', () => {
  const COMMON = [400, 401, 403, 429, 503, 413, 415];

  it('of routes is what they answer', () => {
    const sections = [...DOC.matchAll(/^### (GET|POST) (\S+)\n([\s\S]*?)(?=^##)/gm)];
    const said = Object.fromEntries(
      sections.map(([, method = '', path = '', text = '']) => {
        const [prose = ''] = text.split('```');
        const sentences = prose.match(/\bAnswers [\s\S]*?(?:\.\s|:)/g) ?? [];
        const more = prose.match(/\b[2-5]\d\d (?:with|for|while|when|in|as)\b/g) ?? [];
        const statuses = [...sentences, ...more].join(' ').match(/\b[2-5]\d\d\b/g) ?? [];
        return [`${method} ${path}`, [...new Set(statuses.map(Number))].toSorted()];
      }),
    );
    const real = Object.values<Route>(ROUTES).map(({ method, path, answers }) => [
      `${method} ${path}`,
      Object.keys(answers)
        .map(Number)
        .filter((status) => !COMMON.includes(status))
        .toSorted(),
    ]);
    expect(said).toEqual(Object.fromEntries(real));
  });

  it('of statuses is what the server makes of codes', () => {
    const rows = table('| status | code');
    expect(rows.length).toBeGreaterThan(9);
    for (const [status = '', codes = ''] of rows) {
      for (const code of codesIn(codes)) {
        expect(toErrorCode(code), code).toBe(code);
        expect(statusOf(toErrorCode(code)), code).toBe(Number(status));
      }
    }
  });

  it('of the ends of a run is what the mock has of them', () => {
    const rows = table('### How a run can end').map(([code = '', step = '', outcome = '']) => ({ code: codesIn(code)[0], step, outcome }));
    expect(rows).toEqual(readMockStates().failures.map(({ code, step, outcome }) => ({ code, step, outcome })));
  });

  it('of the run names each of its members, kinds, states and outcomes', () => {
    const rows = table('## The run');
    expect(rows.flatMap(([members = '']) => codesIn(members)).toSorted()).toEqual(Object.keys(Run.shape).toSorted());
    const text = rows.flat().join(' ');
    const values = [
      ...Run.shape.kind.options,
      ...Run.shape.state.options,
      ...Run.shape.steps.element.shape.state.options,
      ...Run.shape.outcome.unwrap().options,
    ];
    const states = readMockStates();
    const phases = states.list.flatMap(({ name }) => states.state(name).progress?.phase ?? []);
    for (const value of [...values, ...Run.shape.by.options, ...phases]) expect(text).toContain(`\`${value}\``);
  });

  it('of files and links is there', () => {
    for (const [, path = ''] of DOC.matchAll(/\]\(([^)#]+)\)/g)) expect(fs.existsSync(join('docs', path)), path).toBe(true);
    const headings = [...DOC.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^a-z ]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, anchor = ''] of DOC.matchAll(/\]\(#([^)]+)\)/g)) expect(headings, anchor).toContain(anchor.replace(/-\d+$/, ''));
  });
});

/** Waits for a file in a folder: nginx writes its pid when it listens. */
async function appears(dir: string, name: string): Promise<void> {
  for await (const event of watch(dir, { signal: AbortSignal.timeout(120_000) })) if (event.filename === name) return;
}

async function responseTo(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return await new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
}

async function fetchFrom(socketPath: string, path: string, options: http.RequestOptions, body = ''): Promise<{ status: number; text: string }> {
  const request = http.request({ socketPath, path, ...options });
  request.end(body);
  const response = await responseTo(request);
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

it.skipIf(!hasNginx)(
  'the block of docs/api.md for nginx lets those in who are logged in, and events through (skipped where nginx is not installed)',
  async () => {
    const played = await playedServer();
    const home = temporary();
    fs.chmodSync(home, 0o755);
    const socket = join(home, 'nginx.sock');
    const block = (BLOCKS.find(({ language }) => language === 'nginx')?.text ?? '').replace('/run/pikit-update-api/api.sock', played.socket);
    const auth = 'location = /auth { internal; if ($http_cookie != "login=yes") { return 401; } return 204; }';
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
    const server = `server { listen unix:${socket}; ${auth}\n${block}\n}`;
    fs.writeFileSync(
      join(home, 'nginx.conf'),
      `pid ${home}/pid; error_log ${home}/error.log; daemon off; events {} http { access_log off; ${folders} ${server} }`,
    );
    const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
    const ready = appears(home, 'pid');
    const child = spawn('nginx', ['-c', join(home, 'nginx.conf'), '-p', home, ...user], { stdio: ['ignore', 'ignore', 'inherit'] });
    onTestFinished(async () => {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
    });
    await ready;
    const headers = { host: 'localhost:8080', cookie: 'login=yes' };
    const json = { ...headers, origin: 'http://localhost:8080', 'content-type': 'application/json' };
    expect(await fetchFrom(socket, '/api/update/status', { headers: { host: 'localhost:8080' } })).toMatchObject({ status: 401 });
    expect((await fetchFrom(socket, '/api/update/status', { headers })).text).toMatch(/^\{"schema":1,/);
    expect(await fetchFrom(socket, '/api/update/status', { headers: { ...headers, host: 'evil.example' } })).toMatchObject({ status: 403 });
    expect(await fetchFrom(socket, '/api/update/check', { method: 'POST', headers: { ...json, origin: 'http://localhost' } }, '{}')).toMatchObject({
      status: 403,
    });
    expect(
      await fetchFrom(socket, '/api/update/skip', { method: 'POST', headers: json }, JSON.stringify({ version: 'x'.repeat(20_000) })),
    ).toMatchObject({ status: 413 });
    const request = http.request({
      socketPath: socket,
      path: '/api/update/apply',
      method: 'POST',
      headers: { ...json, accept: 'text/event-stream' },
    });
    request.end('{}');
    const response = await responseTo(request);
    if (!(response instanceof http.IncomingMessage)) throw new Error('no response');
    const phases = new Set<string>();
    for await (const chunk of response.setEncoding('utf8')) {
      for (const [, phase = ''] of String(chunk).matchAll(/"phase":"([a-z-]+)"/g)) phases.add(phase);
      played.clock.pass(1000);
    }
    // Each came when it was sent, and not all of them at the end.
    expect(phases.size).toBeGreaterThan(3);
  },
);
