/**
 * Five thousand requests made from the server's own openapi.json: for every route values that fit, values at the edge and
 * values that do not. No 500, no status that the document does not have, no answer outside its schema. Half of them go to a
 * folder with an update on offer, the others to the played device, which has a journal and whose runs come to something.
 * PIKIT_FUZZ_SEED repeats one run; the seed is in the first line of what fails.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { check } from '../../lib/steps/check.ts';
import type { Ask, Client } from '../helpers/api-server.ts';
import { apiProcess, clientOf } from '../helpers/api-server.ts';
import { writeBranches } from '../helpers/branch-files.ts';
import { netDeps } from '../helpers/device.ts';
import { playedServer } from '../helpers/played.ts';
import { onSite } from '../unit/steps/published.ts';

const REQUESTS = Number(process.env['PIKIT_FUZZ_REQUESTS'] ?? '5000');
const SEED = Number(process.env['PIKIT_FUZZ_SEED'] ?? '20261122');

/** Who answers, and what time passes for it between two requests. */
interface Bed {
  api: Client;
  pass: () => void;
}

/** A folder with 1.0.0 installed, 1.1.0 on offer, and a second branch; its source does not answer any more. */
async function folder(): Promise<Bed> {
  const site = await onSite(['1.0.0', '1.1.0']);
  writeBranches(site.site, [{ name: 'beta_2', display_name: 'Beta', description: 'for those who like it new' }]);
  await check(netDeps(site.on));
  await site.server.close();
  const api = await apiProcess({ root: site.on.root });
  onTestFinished(api.stop);
  return { api, pass: () => undefined };
}

async function played(): Promise<Bed> {
  const { socket, clock } = await playedServer();
  return {
    api: clientOf({ socketPath: socket }),
    pass: () => {
      clock.pass(500);
    },
  };
}

/** mulberry32: the same numbers for the same seed, everywhere. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Json = Readonly<Record<string, unknown>>;

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const NASTY: readonly unknown[] = [
  '',
  ' ',
  '0',
  '-1',
  'null',
  'true',
  '1.0.0',
  '01.0.0',
  '1.0.0-beta.1',
  'stable',
  'x'.repeat(65),
  'x'.repeat(5000),
  '\u0000',
  '\u001b[31m',
  '\ud800',
  '../..',
  '%00',
  '<script>',
  '\r\nX: y',
  '🦆',
  '__proto__',
  'constructor',
  '04:20',
  '23:59',
  '24:00',
  'off',
  'install',
  0,
  1,
  -1,
  1.5,
  1e308,
  100,
  101,
  1000,
  1001,
  2 ** 53,
  true,
  false,
  null,
  [],
  [[]],
  {},
  { a: { b: {} } },
];

interface Operation {
  method: string;
  path: string;
  parameters: readonly Json[];
  body: Json | null;
  /** By status and media type. */
  answers: Map<string, ValidateFunction>;
}

function operations(document: unknown): Operation[] {
  const ajv = new Ajv2020({ strict: false, allErrors: false, formats: { 'date-time': true, uri: true } });
  return Object.entries(object(object(document)['paths'])).flatMap(([path, item]) =>
    Object.entries(object(item)).map(([method, given]) => {
      const operation = object(given);
      const content = object(object(operation['requestBody'])['content']);
      const answers = new Map<string, ValidateFunction>();
      for (const [status, answer] of Object.entries(object(operation['responses']))) {
        for (const [type, media] of Object.entries(object(object(answer)['content']))) {
          answers.set(`${status} ${type}`, ajv.compile(object(object(media)['schema'])));
        }
      }
      const body = content['application/json'] === undefined ? null : object(object(content['application/json'])['schema']);
      return { method: method.toUpperCase(), path, parameters: list(operation['parameters']).map(object), body, answers };
    }),
  );
}

interface Made {
  path: string;
  ask: Ask;
}

function maker(random: () => number) {
  const below = (count: number): number => Math.floor(random() * count);
  const oneOf = <T>(values: readonly T[]): T | undefined => values[below(values.length)];

  /** Fits the schema, or is at its edge, or is anything at all. */
  function value(schema: Json): unknown {
    if (random() < 0.3) return oneOf(NASTY);
    const choices = list(schema['anyOf'] ?? schema['oneOf']);
    if (choices.length > 0) return value(object(oneOf(choices)));
    if (Array.isArray(schema['enum'])) return oneOf(list(schema['enum']));
    if ('const' in schema) return schema['const'];
    switch (schema['type']) {
      case 'string':
        return text(schema);
      case 'null':
        return null;
      case 'boolean':
        return random() < 0.5;
      case 'object':
        return fields(schema);
      case 'integer':
      case 'number':
        return oneOf([schema['minimum'] ?? 0, schema['maximum'] ?? 100, below(2000) - 500]);
      default:
        return oneOf(NASTY);
    }
  }

  function text(schema: Json): string {
    const length = Number(schema['maxLength'] ?? 64);
    return oneOf(['1.0.0', 'stable', '04:20', String(below(1200)), 'a'.repeat(length), 'a'.repeat(length + 1), 'beta_2', '1.2.3-rc.1+x']) ?? '';
  }

  function fields(schema: Json): Json {
    const known = Object.entries(object(schema['properties']));
    const made = known.filter(() => random() < 0.7).map(([name, one]) => [name, value(object(one))] as const);
    const extra = random() < 0.15 ? [[String(oneOf(NASTY)), oneOf(NASTY)] as const] : [];
    return Object.fromEntries([...made, ...extra]);
  }

  /** One in five has only what it must have: of many members together, few fit. */
  function bodyOf(schema: Json): unknown {
    if (random() < 0.1) return oneOf(NASTY);
    if (random() >= 0.2) return value({ type: 'object', ...schema });
    const required = new Set(list(schema['required']));
    return Object.fromEntries(
      Object.entries(object(schema['properties'])).flatMap(([name, one]) => (required.has(name) ? [[name, value(object(one))]] : [])),
    );
  }

  function query(parameters: readonly Json[]): string {
    const made = parameters
      .filter(({ in: where }) => where === 'query' && random() < 0.6)
      .map(({ name, schema }) => [String(name), String(value(object(schema)))] as const);
    const extra = random() < 0.1 ? [['more', String(oneOf(NASTY))] as const] : [];
    const all = [...made, ...extra].map(([name, one]) => `${encodeURIComponent(name)}=${encodeURIComponent(Buffer.from(one).toString())}`);
    return all.length === 0 ? '' : `?${all.join('&')}`;
  }

  return (operation: Operation): Made => {
    const headers: Record<string, string> = {};
    if (operation.path.endsWith('/events') || (random() < 0.05 && operation.method === 'POST')) headers['Accept'] = 'text/event-stream';
    if (random() < 0.05) headers['Origin'] = oneOf(['http://localhost', 'http://evil.example', 'null']) ?? '';
    if (random() < 0.03) headers['Host'] = oneOf(['localhost', 'evil.example', '127.0.0.1']) ?? '';
    if (random() < 0.1 && operation.parameters.some(({ in: where }) => where === 'header')) {
      headers['Idempotency-Key'] = oneOf(['a', 'key-1', 'x'.repeat(64), 'x'.repeat(65), 'a b']) ?? '';
    }
    const path = `${operation.path}${query(operation.parameters)}`;
    if (operation.body === null) return { path, ask: { method: operation.method, headers } };
    headers['Content-Type'] =
      random() < 0.05 ? (oneOf(['text/plain', 'application/xml', '', 'application/json;charset=latin1']) ?? '') : 'application/json';
    const whole = JSON.stringify(bodyOf(operation.body));
    const body = random() < 0.05 ? whole.slice(0, -1) : random() < 0.02 ? whole.padEnd(20_000) : whole;
    return { path, ask: { method: operation.method, headers, body } };
  };
}

/** What is wrong with the answer, or null. */
function complaint(operation: Operation, { status, type, body }: Answered): string | null {
  if (status === 500) return `500: ${body}`;
  const validate = operation.answers.get(`${String(status)} ${type}`);
  if (validate === undefined) return `${String(status)} ${type} is not documented: ${body}`;
  if (type !== 'application/json' || validate(JSON.parse(body))) return null;
  return `${String(status)} is not as its schema has it: ${JSON.stringify(validate.errors)}: ${body}`;
}

interface Answered {
  status: number;
  type: string;
  body: string;
}

/** Streams are looked at, and left. */
async function answer(api: Client, { path, ask }: Made): Promise<Answered> {
  if (ask.headers?.['Accept'] === undefined) {
    const reply = await api.ask(path, ask);
    return { status: reply.status, type: mediaType(reply.headers['content-type']), body: reply.body };
  }
  const stream = await api.follow(path, ask);
  const type = mediaType(stream.headers['content-type']);
  if (type === 'text/event-stream') await stream.until(({ event }) => event === 'status');
  stream.close();
  await stream.ended;
  if (type === 'text/event-stream') return { status: stream.status, type, body: '' };
  const reply = await api.ask(path, ask);
  return { status: reply.status, type: mediaType(reply.headers['content-type']), body: reply.body };
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0] ?? '';
}

/** The answers that have most in them: those that nothing is known for would fit any schema. */
const FULL: readonly (readonly [path: string, member: string])[] = [
  ['plan', 'plan'],
  ['branches', 'branches'],
  ['history', 'history'],
  ['status', 'run'],
  ['status', 'available'],
  ['status', 'last_result'],
];

describe.each([
  ['a folder', folder, FULL],
  ['the played device', played, [...FULL, ['logs', 'lines'] as const]],
])('%s', (_name, bed, full) => {
  it(`answers ${String(REQUESTS / 2)} requests as its document says (seed ${String(SEED)})`, { timeout: 900_000 }, async () => {
    const { api, pass } = await bed();
    const all = operations((await api.ask('/api/update/openapi.json')).json);
    expect(all.map(({ method, path }) => `${method} ${path}`).toSorted()).toHaveLength(16);
    const random = dice(SEED);
    const make = maker(random);
    const seen = new Map<string, Map<number, number>>();
    const missing = new Set(full.map(([path, member]) => `${path}: ${member}`));
    const complaints: string[] = [];
    for (let count = 0; count < REQUESTS / 2; count += 1) {
      const operation = all[Math.floor(random() * all.length)];
      if (operation === undefined) throw new Error('unreachable');
      const made = make(operation);
      const answered = await answer(api, made);
      pass();
      const wrong = complaint(operation, answered);
      const name = `${operation.method} ${operation.path}`;
      seen.set(name, (seen.get(name) ?? new Map<number, number>()).set(answered.status, (seen.get(name)?.get(answered.status) ?? 0) + 1));
      if (wrong !== null) complaints.push(`request ${String(count)}: ${JSON.stringify(made)}\n  ${wrong}`);
      if (answered.status === 200 && operation.method === 'GET') for (const one of membersWithin(operation, answered)) missing.delete(one);
    }
    expect(complaints.slice(0, 10)).toEqual([]);
    expect([...missing]).toEqual([]);
    // Every route was asked what it could answer, and what it had to refuse. A folder has no journal.
    const idle = all
      .map(({ method, path }) => `${method} ${path}`)
      .filter((name) => {
        const statuses = [...(seen.get(name)?.keys() ?? [])];
        return !statuses.includes(400) || !statuses.some((status) => status < 300 || (status === 404 && name.endsWith('/logs')));
      });
    expect(idle).toEqual([]);
    if (process.env['PIKIT_FUZZ_REPORT'] !== undefined)
      console.log(Object.fromEntries([...seen].map(([name, counts]) => [name, Object.fromEntries(counts)])));
    expect((await api.ask('/api/update/status')).status).toBe(200);
  });
});

/** The members of an answer that have something in them; a list counts from two on, as stable is always there. */
function membersWithin({ path }: Operation, { type, body }: Answered): string[] {
  if (type !== 'application/json') return [];
  const route = path.slice(path.lastIndexOf('/') + 1);
  const isFull = (value: unknown): boolean =>
    Array.isArray(value) ? value.length > 1 || (value.length > 0 && route !== 'branches') : value !== null;
  return Object.entries(object(JSON.parse(body)))
    .filter(([, value]) => isFull(value))
    .map(([member]) => `${route}: ${member}`);
}
