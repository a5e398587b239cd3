/** Certificates for tests, made when a test runs: nothing of theirs is older than the test. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';

export interface Authority {
  /** The path of its certificate. */
  file: string;
  /** Key and certificate for a server; `names` as in subjectAltName: `IP:127.0.0.1,DNS:localhost`. */
  issue: (names?: string) => { key: Buffer; cert: Buffer };
}

export function authority(dir: string, name = 'authority'): Authority {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  };
  const days = ['-days', '3650'];
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, ...days, '-subj', `/CN=${name}`);
  let count = 0;
  return {
    file: join(dir, `${name}.pem`),
    issue: (names = 'IP:127.0.0.1,DNS:localhost') => {
      count += 1;
      const server = `${name}-${String(count)}`;
      fs.writeFileSync(join(dir, `${server}.ext`), `subjectAltName=${names}\n`);
      openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${server}.key`, '-out', `${server}.csr`, '-subj', '/CN=server');
      const by = ['-CA', `${name}.pem`, '-CAkey', `${name}.key`, '-set_serial', String(count)];
      openssl('x509', '-req', '-in', `${server}.csr`, ...by, ...days, '-out', `${server}.crt`, '-extfile', `${server}.ext`);
      return { key: fs.readFileSync(join(dir, `${server}.key`)), cert: fs.readFileSync(join(dir, `${server}.crt`)) };
    },
  };
}
