import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dial } from '../../../../lib/io/http/dial.ts';
import { trustStore } from '../../../../lib/io/state/trust-store.ts';
import type { Wire } from '../../../../lib/io/http/wire.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import type { Authority } from '../../../helpers/certificates.ts';
import { authority } from '../../../helpers/certificates.ts';
import { containing } from '../../../helpers/matchers.ts';
import type { ReleaseServer } from '../../../helpers/release-server.ts';
import { releaseServer } from '../../../helpers/release-server.ts';
import { temporaryFolder } from '../../../helpers/site-builder.ts';

const signal = new AbortController().signal;
let dir = '';
let own: Authority;
let other: Authority;
let server: ReleaseServer;
let misnamed: ReleaseServer;

beforeAll(async () => {
  dir = temporaryFolder('trust');
  own = authority(dir, 'own');
  other = authority(dir, 'other');
  server = await releaseServer(own.issue());
  misnamed = await releaseServer(own.issue('DNS:portal.example'));
});
afterAll(async () => {
  await Promise.all([server.close(), misnamed.close()]);
  fs.rmSync(dir, { recursive: true });
});

async function reach(way: { ca?: string; system?: string; root?: string }, to = server): Promise<string> {
  const trust = trustStore(way.ca === undefined ? null : { root: way.root ?? '/', file: way.ca }, { SSL_CERT_FILE: way.system ?? '/nowhere' });
  const wire: Wire = { ...plainWire({}), trust };
  try {
    // Twice: what worked is remembered.
    for (let times = 0; times < 2; times += 1) (await dial(to.url('/'), { wire, nearest: 2, signal })).socket.destroy();
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

describe('an authority counts', () => {
  it('that the system trusts', async () => {
    const system = join(dir, 'system.crt');
    fs.writeFileSync(
      system,
      ['# many', fs.readFileSync(other.file), '-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----', fs.readFileSync(own.file)].join('\n'),
    );
    expect(await reach({ system })).toBe('ok');
    expect(await reach({ system, ca: other.file })).toBe('ok');
  });

  it('that source.ca names', async () => {
    expect(await reach({ ca: own.file })).toBe('ok');
    expect(await reach({ ca: '/own.pem', root: dir })).toBe('ok');
  });

  it('and no other', async () => {
    expect(await reach({})).toMatch(/SELF_SIGNED|UNABLE_TO/);
    expect(await reach({ ca: other.file, system: other.file })).toMatch(/SELF_SIGNED|UNABLE_TO/);
  });

  it('for the names of its certificates only', async () => {
    expect(await reach({ ca: own.file }, misnamed)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('source.ca is refused by key and value', () => {
  it.each<[string, (path: string) => void, string]>([
    ['missing', () => undefined, 'it is not there'],
    [
      'folder',
      (path) => {
        fs.mkdirSync(path);
      },
      'it is a directory',
    ],
    [
      'no-pem',
      (path) => {
        fs.writeFileSync(path, 'hello');
      },
      'it holds no certificate in PEM',
    ],
    [
      'key',
      (path) => {
        fs.copyFileSync(join(dir, 'own.key'), path);
      },
      'it holds no certificate in PEM',
    ],
    [
      'damaged',
      (path) => {
        fs.writeFileSync(path, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
      },
      'it holds a certificate that is damaged',
    ],
  ])('%s', (name, make, why) => {
    const file = join(dir, `bad-${name}.pem`);
    make(file);
    expect(() => trustStore({ root: '/', file }, {})).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: containing(`'source.ca' is "${file}": ${why}`) }),
    );
  });
});
