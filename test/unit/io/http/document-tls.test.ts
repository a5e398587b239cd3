/** The certificates of servers. What Node trusts is fixed when a process starts, so the client is a process of its own. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledScript, outputOf } from '../../../helpers/bundled-script.ts';
import { releaseServer } from '../../../helpers/release-server.ts';
import { temporaryFolder } from '../../../helpers/site-builder.ts';

const CLIENT = `
import { download } from './lib/io/http/download.ts';
import { getDocument } from './lib/io/http/document.ts';
const [, , how, url, file] = process.argv;
const common = { what: 'it', maxBytes: 1000, signal: new AbortController().signal, userAgent: 'test' };
const exchange = how === 'document'
  ? getDocument(new URL(url), { ...common, timeoutMs: 20000, validators: null })
  : download(new URL(url), { ...common, file, sizeBytes: null, sha256: null, deadlineMs: 20000, minRate: 0, maxRate: 0, onProgress: () => undefined });
exchange.then(() => console.log('ok'), (error) => console.log(error.code));
`;

let dir = '';
let client = '';

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
}

/** A certificate of our authority; dates as YYYYMMDD. `openssl req -x509` cannot set them, `openssl ca` can. */
function certificate(name: string, subject: string, alternative: string, from: string, to: string): void {
  fs.writeFileSync(join(dir, `${name}.ext`), `subjectAltName=${alternative}\n`);
  openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`);
  const dates = ['-startdate', `${from}000000Z`, '-enddate', `${to}000000Z`];
  openssl('ca', '-batch', '-config', 'ca.cnf', '-in', `${name}.csr`, '-out', `${name}.crt`, '-extfile', `${name}.ext`, '-notext', ...dates);
}

beforeAll(() => {
  dir = temporaryFolder('tls');
  client = bundledScript(dir, 'client', CLIENT);
  const policy = ['[p]', 'commonName=supplied', ''];
  const authority = [
    '[ca]',
    'default_ca=c',
    '[c]',
    'database=index.txt',
    'serial=serial',
    'new_certs_dir=.',
    'certificate=ca.crt',
    'private_key=ca.key',
  ];
  fs.writeFileSync(join(dir, 'ca.cnf'), [...authority, 'default_md=sha256', 'policy=p', 'unique_subject=no', ...policy].join('\n'));
  fs.writeFileSync(join(dir, 'index.txt'), '');
  fs.writeFileSync(join(dir, 'serial'), '01\n');
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '3650', '-subj', '/CN=test authority');
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'self.key', '-out', 'self.crt', '-days', '3650', '-subj', '/CN=127.0.0.1');
  certificate('good', 'good', 'IP:127.0.0.1', '20200101', '20990101');
  certificate('other-host', 'other-host', 'DNS:updates.example.org', '20200101', '20990101');
  certificate('expired', 'expired', 'IP:127.0.0.1', '20200101', '20210101');
  certificate('not-yet-valid', 'not-yet-valid', 'IP:127.0.0.1', '20980101', '20990101');
});
afterAll(() => {
  fs.rmSync(dir, { recursive: true });
});

describe.each(['document', 'download'])('%s', (how) => {
  it.each([
    ['good', {}, 'ok'],
    ['self', {}, 'TLS_FAILED'],
    ['other-host', {}, 'TLS_FAILED'],
    ['expired', {}, 'TLS_FAILED'],
    ['not-yet-valid', {}, 'CLOCK_WRONG'],
    ['good', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, 'TLS_FAILED'],
  ] as const)('%s %j', async (name, options, code) => {
    const server = await releaseServer({
      key: fs.readFileSync(join(dir, `${name}.key`)),
      cert: fs.readFileSync(join(dir, `${name}.crt`)),
      ...options,
    });
    server.at('/file', { body: 'hello' });
    const output = await outputOf(client, [how, server.url('/file').href, join(dir, `${how}-${name}`)], { NODE_EXTRA_CA_CERTS: join(dir, 'ca.crt') });
    await server.close();
    expect(output).toBe(`${code}\n`);
    expect(server.requests).toHaveLength(code === 'ok' ? 1 : 0);
  });

  it('plaintext on a TLS port', async () => {
    const server = await releaseServer();
    const url = server.url('/file');
    url.protocol = 'https:';
    const output = await outputOf(client, [how, url.href, join(dir, 'plaintext')], {});
    await server.close();
    expect(output).toBe('TLS_FAILED\n');
  });

  it('a redirect from TLS to plaintext', async () => {
    const server = await releaseServer({ key: fs.readFileSync(join(dir, 'good.key')), cert: fs.readFileSync(join(dir, 'good.crt')) });
    server.at('/file', { status: 302, headers: { location: server.url('/file').href.replace('https:', 'http:') } });
    const output = await outputOf(client, [how, server.url('/file').href, join(dir, 'downgraded')], { NODE_EXTRA_CA_CERTS: join(dir, 'ca.crt') });
    await server.close();
    expect([output, server.requests.length]).toEqual(['REDIRECT_REFUSED\n', 1]);
  });
});
