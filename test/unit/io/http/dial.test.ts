/** Every client over every way: documents, downloads and uploads, straight and through real proxies. */
import fs from 'node:fs';
import type { LookupFunction } from 'node:net';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import type { NetworkZone } from '../../../../lib/core/network/local-address.ts';
import { dial } from '../../../../lib/io/http/dial.ts';
import { getDocument } from '../../../../lib/io/http/document.ts';
import { download } from '../../../../lib/io/http/download.ts';
import { send } from '../../../../lib/io/http/upload.ts';
import type { Wire } from '../../../../lib/io/http/wire.ts';
import { plainWire, wireOpener } from '../../../../lib/io/http/wire.ts';
import { authority } from '../../../helpers/certificates.ts';
import { matching } from '../../../helpers/matchers.ts';
import type { ProxyOptions, ProxyServer } from '../../../helpers/proxy-server.ts';
import { proxyServer } from '../../../helpers/proxy-server.ts';
import type { ReleaseServer } from '../../../helpers/release-server.ts';
import { releaseServer } from '../../../helpers/release-server.ts';
import { temporaryFolder } from '../../../helpers/site-builder.ts';
import { listening } from '../../../helpers/listening.ts';

const signal = new AbortController().signal;
let dir = '';
let ca = '';
let tls: { key: Buffer; cert: Buffer };
let site: ReleaseServer;
let secureSite: ReleaseServer;
let proxy: ProxyServer | null = null;

beforeAll(() => {
  dir = temporaryFolder('dial');
  const own = authority(dir);
  ca = own.file;
  tls = own.issue('IP:127.0.0.1,DNS:localhost,DNS:updates.example.org');
});
afterAll(() => {
  fs.rmSync(dir, { recursive: true });
});
beforeEach(async () => {
  site = await releaseServer();
  secureSite = await releaseServer(tls);
  for (const server of [site, secureSite]) server.at('/file', { body: '{"hello":1}' });
});
afterEach(async () => {
  await Promise.all([site.close(), secureSite.close(), proxy?.close()]);
  proxy = null;
  fs.rmSync(join(dir, 'file'), { force: true });
});

function wireOf(way: { proxy?: string; no_proxy?: string[] }): Wire {
  const config = parseConfig({ source: { type: 'static', url: 'http://x.org/', ca, ...way } }, 'update.toml');
  return wireOpener({ root: '/', env: {}, waitsFile: join(dir, 'waits.json'), byHand: true })(config);
}

async function useProxy(options: ProxyOptions = {}): Promise<ProxyServer> {
  proxy = await proxyServer(options);
  return proxy;
}

const CLIENTS: Readonly<Record<string, (url: URL, wire: Wire) => Promise<string>>> = {
  document: async (url, wire) => {
    const answer = await getDocument(url, { what: 'it', maxBytes: 1000, timeoutMs: 20_000, signal, validators: null, userAgent: 'test', wire });
    return answer.is === 'new' ? String(answer.bytes) : answer.is;
  },
  download: async (url, wire) => {
    const file = join(dir, 'file');
    const limits = { sizeBytes: null, sha256: null, maxBytes: 1000, deadlineMs: 20_000, minRate: 0, maxRate: 0 };
    await download(url, { what: 'it', file, ...limits, signal, userAgent: 'test', onProgress: () => undefined, wire });
    return fs.readFileSync(file, 'utf8');
  },
  upload: async (url, wire) =>
    String((await send(url, { method: 'POST', headers: {}, body: { bytes: Buffer.from('x'), type: 'text/plain' }, signal, wire })).body),
};

describe.each(Object.entries(CLIENTS))('%s', (name, get) => {
  const method = name === 'upload' ? 'POST' : 'GET';

  it('goes straight, with an authority of its own', async () => {
    expect(await get(site.url('/file'), wireOf({}))).toBe('{"hello":1}');
    expect(await get(secureSite.url('/file'), wireOf({}))).toBe('{"hello":1}');
  });

  it('refuses an untrusted authority', async () => {
    await expect(get(secureSite.url('/file'), plainWire({}))).rejects.toMatchObject({ code: 'TLS_FAILED' });
  });

  it('asks a proxy for the whole address, or for a tunnel', async () => {
    const { url, requests } = await useProxy();
    const wire = wireOf({ proxy: url });
    expect(await get(site.url('/file'), wire)).toBe('{"hello":1}');
    expect(await get(secureSite.url('/file'), wire)).toBe('{"hello":1}');
    expect(requests[0]).toBe(`${method} ${site.url('/file').href}`);
    expect(new Set(requests.slice(1))).toEqual(new Set([`CONNECT ${secureSite.url('/').host}`]));
    expect(site.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('reaches names that only the proxy knows, over a proxy with TLS', async () => {
    const { url } = await useProxy({ tls, to: Number(secureSite.url('/').port) });
    expect(await get(new URL('https://updates.example.org/file'), wireOf({ proxy: url }))).toBe('{"hello":1}');
  });

  it('logs in, at the proxy and nowhere else', async () => {
    const { url } = await useProxy({ login: 'me:pa ss' });
    const wire = wireOf({ proxy: url.replace('//', '//me:pa%20ss@') });
    expect(await get(site.url('/file'), wire)).toBe('{"hello":1}');
    expect(await get(secureSite.url('/file'), wire)).toBe('{"hello":1}');
    expect(JSON.stringify([site.requests, secureSite.requests])).not.toContain('proxy-authorization');
  });

  it('goes around it where it shall', async () => {
    const { url, requests } = await useProxy();
    expect(await get(site.url('/file'), wireOf({ proxy: url, no_proxy: ['127.0.0.0/8'] }))).toBe('{"hello":1}');
    expect(requests).toEqual([]);
  });

  it.each<[string, ProxyOptions, string]>([
    ['wants-a-login', { login: 'me:other' }, 'PROXY_LOGIN'],
    ['refuses', { refuse: 403 }, 'PROXY_REFUSED'],
  ])('tells what the proxy says: %s', async (_name, options, code) => {
    const { url } = await useProxy(options);
    const wire = wireOf({ proxy: url.replace('//', '//me:secret@') });
    for (const target of [site.url('/file'), secureSite.url('/file')]) {
      const error: unknown = await get(target, wire).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code });
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('secret');
    }
    expect([...site.requests, ...secureSite.requests]).toEqual([]);
  });

  it.each([
    ['no-listener', 'http://127.0.0.1:1'],
    ['unknown-name', 'http://proxy.invalid:3128'],
  ])('tells that the proxy is not there: %s', async (_name, url) => {
    const wire = wireOf({ proxy: url });
    for (const target of [site.url('/file'), secureSite.url('/file')]) {
      await expect(get(target, wire)).rejects.toMatchObject({ code: 'PROXY_UNREACHABLE' });
    }
  });

  it('takes a proxy that is none for one that does not answer', async () => {
    site.at('x', { body: 'x' });
    const wire = wireOf({ proxy: secureSite.url('/').origin.replace('https', 'http') });
    await expect(get(new URL('https://x.example/'), wire)).rejects.toMatchObject({ code: matching(/^PROXY_/) });
  });
});

it('does not wait for a proxy that says nothing beyond the deadline of a document', async () => {
  const { url } = await useProxy({ silent: true });
  const request = { what: 'it', maxBytes: 1000, timeoutMs: 100, signal, validators: null, userAgent: 'test', wire: wireOf({ proxy: url }) };
  await expect(getDocument(secureSite.url('/file'), request)).rejects.toMatchObject({ code: 'PROXY_UNREACHABLE' });
});

/** A server below HTTP: says these bytes to whatever comes, and closes when they are all. Null is silence. */
async function rawServer(says: string | null): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => says === null || socket.end(says));
  });
  const port = await listening(server);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, close };
}

describe('dialling through a proxy', () => {
  it.each<[string, string, string]>([
    ['switches-protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'PROXY_REFUSED'],
    ['goes-on-and-never-says-more', 'HTTP/1.1 100 Continue\r\n\r\n', 'PROXY_REFUSED'],
    ['closes-without-a-word', '', 'PROXY_UNREACHABLE'],
    ['closes-in-the-head', 'HTTP/1.1 200 Connec', 'PROXY_UNREACHABLE'],
    ['is-no-proxy', 'SSH-2.0-OpenSSH_9.2\r\n', 'PROXY_UNREACHABLE'],
  ])('has an end when it %s', async (_name, says, code) => {
    const raw = await rawServer(says);
    const wire = wireOf({ proxy: `http://127.0.0.1:${String(raw.port)}` });
    await expect(dial(secureSite.url('/file'), { wire, nearest: 2, signal })).rejects.toMatchObject({ code });
    await raw.close();
  });

  it('has an end when what is behind the tunnel never says a word', async () => {
    const raw = await rawServer(null);
    const { url } = await useProxy({ to: raw.port });
    const dialled = dial(secureSite.url('/file'), { wire: wireOf({ proxy: url }), nearest: 2, signal, connectMs: 100 });
    await expect(dialled).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await raw.close();
  });
});

describe('the address that is connected to', () => {
  const resolving = (...addresses: string[]): Wire => {
    const lookup: LookupFunction = (_hostname, options, callback) => {
      const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (options.all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    };
    return { ...plainWire({}), lookup };
  };
  const connect = (host: string, nearest: NetworkZone, wire: Wire) => {
    const url = site.url('/file');
    url.hostname = host;
    return dial(url, { wire, nearest, signal });
  };

  it.each<[string, NetworkZone, string[]]>([
    ['loopback', 1, ['127.0.0.1']],
    ['loopback-behind-others', 0, ['10.0.0.1', '127.0.0.1']],
    ['mapped', 1, ['::ffff:127.0.0.1']],
    ['nat64', 1, ['64:ff9b::7f00:1']],
    ['6to4-of-the-private-network', 0, ['2002:c0a8:101::1']],
    ['link-local', 1, ['fe80::1', '169.254.169.254']],
    ['shared-network', 0, ['100.64.0.1']],
    ['site-local', 0, ['fec0::1']],
  ])('is refused where a redirect led to a name: %s', async (_name, nearest, addresses) => {
    await expect(connect('updates.example.org', nearest, resolving(...addresses))).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
    expect(site.requests).toEqual([]);
  });

  it('is refused as a number, too', async () => {
    await expect(connect('127.0.0.1', 1, plainWire({}))).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
  });

  it('is whatever the owner of the device names, and says how near that is', async () => {
    const line = await connect('updates.example.org', 2, resolving('127.0.0.1'));
    expect(line).toMatchObject({ near: 2, reader: null });
    line.socket.destroy();
  });

  it('is judged by what redirects: within this device it goes on', async () => {
    const to = site.url('/file');
    to.hostname = 'other.example.org';
    site.at('/moved', { status: 302, headers: { location: to.href } });
    const from = site.url('/moved');
    from.hostname = 'updates.example.org';
    expect(await CLIENTS['document']?.(from, resolving('127.0.0.1'))).toBe('{"hello":1}');
    expect(await CLIENTS['download']?.(from, resolving('127.0.0.1'))).toBe('{"hello":1}');
  });
});

it('ends with its signal', async () => {
  await expect(dial(site.url('/'), { wire: plainWire({}), nearest: 2, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
