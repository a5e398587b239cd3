/** Every failure that a person can meet by hand: exit code, what it says, what it leaves; and that the next try works. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Device, Ended, Step } from '../../helpers/device.ts';
import { netDeps, rootDeps, run, step } from '../../helpers/device.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { apply } from '../../../lib/steps/apply.ts';
import type { Published } from './published.ts';
import { onSite } from './published.ts';
import { bytes, part, status } from './site-server.ts';
import { tryAgain } from '../../helpers/wish.ts';

type Bed = Published & { on: Device };

interface Row {
  name: string;
  step: Step;
  code: string;
  /** What the error has to name. */
  says: RegExp;
  arrange: (bed: Bed) => void;
}

const BUNDLE = '/bundles/pikit-1.1.0.tar.gz';

const ROWS: readonly Row[] = [
  {
    name: 'the server is down',
    step: 'check',
    code: 'SERVER_UNREACHABLE',
    says: /'127\.0\.0\.1:1' does not answer \(ECONNREFUSED\)/,
    arrange: ({ on }) => {
      on.configure({});
    },
  },
  {
    name: 'the name does not exist',
    step: 'check',
    code: 'OFFLINE',
    says: /'pikit\.invalid' cannot be reached from here/,
    arrange: ({ on }) => {
      on.configure({ url: 'http://pikit.invalid/' });
    },
  },
  {
    name: 'no manifest',
    step: 'check',
    code: 'NOT_FOUND',
    says: /manifest\.json' \(HTTP 404\)/,
    arrange: ({ server }) => {
      server.answer('/manifest.json', status(404));
    },
  },
  {
    name: 'a server error',
    step: 'check',
    code: 'SERVER_ERROR',
    says: /answered HTTP 500/,
    arrange: ({ server }) => {
      server.answer('/manifest.json', status(500));
    },
  },
  {
    name: 'a page in place of the manifest',
    step: 'check',
    code: 'CAPTIVE_PORTAL',
    says: /sent a web page instead of the manifest/,
    arrange: ({ server }) => {
      server.answer('/manifest.json', bytes('<html>'));
    },
  },
  {
    name: 'a manifest without files',
    step: 'check',
    code: 'MANIFEST_INVALID',
    says: /'files'/,
    arrange: ({ edit }) => {
      edit((manifest) => ({ ...manifest, files: [] }));
    },
  },
  {
    name: 'a release with a path that no target covers',
    step: 'fetch',
    code: 'RELEASE_INCOMPATIBLE',
    says: /which no \[\[target\]\] of this device covers/,
    arrange: ({ on, server }) => {
      on.configure({ url: server.url, toml: '[[target]]\nfrom = "pikit-web/"\nto = "/srv/web/"\n' });
    },
  },
  {
    name: 'a release for another machine',
    step: 'fetch',
    code: 'RELEASE_INCOMPATIBLE',
    says: /is for mips, and this device is/,
    arrange: ({ edit }) => {
      edit((manifest) => ({ ...manifest, requires: { arch: ['mips'] } }));
    },
  },
  {
    name: 'no bundle',
    step: 'fetch',
    code: 'NOT_FOUND',
    says: /pikit-1\.1\.0\.tar\.gz' \(HTTP 404\)/,
    arrange: ({ bundle }) => {
      fs.rmSync(bundle('1.1.0'));
    },
  },
  {
    name: 'a bundle with other bytes',
    step: 'fetch',
    code: 'DIGEST_MISMATCH',
    says: /expected [0-9a-f]{64}, got [0-9a-f]{64}/,
    arrange: ({ server, bundle }) => {
      const other = Buffer.alloc(fs.statSync(bundle('1.1.0')).size);
      other.set([0x1f, 0x8b]);
      server.answer(BUNDLE, bytes(other));
    },
  },
  {
    name: 'a truncated bundle',
    step: 'fetch',
    code: 'SIZE_MISMATCH',
    says: /expected \d+, got 200/,
    arrange: ({ server, bundle }) => {
      server.answer(BUNDLE, bytes(fs.readFileSync(bundle('1.1.0')).subarray(0, 200)));
    },
  },
  {
    name: 'a connection that is cut',
    step: 'fetch',
    code: 'SERVER_UNREACHABLE',
    says: /127\.0\.0\.1:\d+' does not answer|connection ended early/,
    arrange: ({ server, bundle }) => {
      server.answer(BUNDLE, part(bundle('1.1.0'), 150));
    },
  },
  {
    name: 'no configuration',
    step: 'check',
    code: 'CONFIG_MISSING',
    says: /update\.toml' does not exist/,
    arrange: ({ on }) => {
      fs.rmSync(on.paths.config);
    },
  },
  {
    name: 'no TOML',
    step: 'fetch',
    code: 'CONFIG_INVALID',
    says: /is not TOML: .*\(line 1, column \d+\)/,
    arrange: ({ on }) => {
      fs.writeFileSync(on.paths.config, 'source = \n');
    },
  },
  {
    name: 'a value that is wrong',
    step: 'apply',
    code: 'CONFIG_INVALID',
    says: /'health\.timeout'.*5 minutes.*30s/,
    arrange: ({ on, server }) => {
      on.configure({ url: server.url, healthTimeout: '5 minutes' });
    },
  },
  {
    name: 'an unknown key',
    step: 'rollback',
    code: 'CONFIG_INVALID',
    says: /colour/,
    arrange: ({ on }) => {
      fs.appendFileSync(on.paths.config, 'colour = 1\n');
    },
  },
  {
    name: 'a health check that fails',
    step: 'apply',
    code: 'PROBE_FAILED',
    says: /health' failed the health check after 0\.3 s: /,
    arrange: ({ on, server }) => {
      server.answer('/health', status(503));
      on.configure({ url: server.url, health: [`${server.url}health`], healthTimeout: '300ms' });
    },
  },
  {
    name: 'staging that was changed',
    step: 'apply',
    code: 'STAGED_INVALID',
    says: /the staged release is damaged/,
    arrange: ({ on }) => {
      fs.appendFileSync(`${on.paths.cacheDir}/1.1.0/tree/pikit-api.py`, 'x');
    },
  },
  {
    name: 'a link where a file is to go',
    step: 'apply',
    code: 'DEST_TYPE',
    says: /'\/usr\/local\/bin\/pikit-api\.py' is a symbolic link, not a regular file/,
    arrange: ({ on }) => {
      fs.rmSync(on.at('/usr/local/bin/pikit-api.py'));
      fs.symlinkSync('/etc/passwd', on.at('/usr/local/bin/pikit-api.py'));
    },
  },
  {
    name: 'a folder that everybody may write to',
    step: 'apply',
    code: 'DEST_UNSAFE',
    says: /'\/var\/www\/pikit-web' is world-writable/,
    arrange: ({ on }) => {
      fs.chmodSync(on.at('/var/www/pikit-web'), 0o777);
    },
  },
];

function expectFailure(ended: Ended, row: Pick<Row, 'code' | 'says'>): void {
  expect(ended.code).toBe(1);
  const lines = ended.err.trim().split('\n');
  expect(lines, ended.err).toEqual([matching(/^error: /), matching(/^hint: ./)]);
  expect(lines[0]).toMatch(row.says);
  expect(lines[0]).toContain(`[${row.code}]`);
  expect(ended.err + ended.out).not.toMatch(/\n\s+at |UpdateError|undefined|\[object/);
}

describe('a failure', () => {
  it.each(ROWS)('is said with what to do, leaves everything as it was, and has one receipt: $name', async (row) => {
    const bed = await onSite(['1.0.0', '1.1.0']);
    const { on } = bed;
    if (row.step === 'apply') await fetchRelease(netDeps(on));
    row.arrange(bed);
    const before = on.tree();
    const ended = await step(on, row.step);
    expectFailure(ended, row);
    expect(on.tree()).toEqual(before);
    expect(fs.existsSync(on.paths.journal)).toBe(false);
    const { last_result: last } = on.files.readState();
    const line = ended.err.split('\n')[1] ?? '';
    expect(last).toMatchObject({ step: row.step, code: row.code, hint: line.replace('hint: ', '') });
    expect(on.files.readHistory().filter((receipt) => receipt.code === row.code)).toEqual([last]);
  });

  it('of a download is over when the line is back, and what came is not downloaded twice', async () => {
    const { on, server, bundle } = await onSite(['1.0.0', '1.1.0']);
    server.answer(BUNDLE, part(bundle('1.1.0'), 150));
    expect((await step(on, 'fetch')).code).toBe(1);
    server.answer(BUNDLE, null);
    const again = await step(on, 'fetch');
    expect(again).toMatchObject({ code: 0, out: matching(/resumed after 150 B/) });
    expect(server.seen.at(-1)).toMatchObject({ path: BUNDLE, range: 'bytes=150-' });
    expect((await step(on, 'apply')).code).toBe(0);
  });

  it('of a release is remembered: it is held, explained, and tried again when the owner says so', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    server.answer('/health', status(503));
    on.configure({ url: server.url, health: [`${server.url}health`], healthTimeout: '300ms' });
    await fetchRelease(netDeps(on));
    expect((await step(on, 'apply')).code).toBe(1);
    expect(await step(on, 'apply')).toMatchObject({
      code: 0,
      err: '',
      out: matching(/^1\.1\.0 is held: it failed here before .*failed the health check.*`pikit-update apply --version 1\.1\.0` tries it again\n$/),
    });
    expect((await step(on, 'check')).out).toMatch(/^1\.1\.0 is held/);
    server.answer('/health', bytes('fine'));
    on.files.writeWanted(tryAgain(new Date(), '1.1.0'));
    expect(await step(on, 'fetch')).toMatchObject({ code: 0, out: containing('using the bundle of 1.1.0 downloaded earlier') });
    expect(await step(on, 'apply')).toMatchObject({ code: 0, out: matching(/1\.1\.0 is installed\n$/) });
    expect(on.files.readHeld().versions).toEqual([]);
  });

  it('of a receipt does not hide the failure itself', async () => {
    const { on } = await onSite(['1.0.0']);
    // Nothing is written through a link.
    fs.mkdirSync(`${on.paths.stateDir}-away`, { recursive: true });
    fs.symlinkSync(`${on.paths.stateDir}-away`, on.paths.stateDir);
    const ended = await step(on, 'rollback');
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(/^error: there is no backup .*\nhint: .*\nwarning: failed to record the result, ignoring: /);
  });
});

describe('usage', () => {
  const STEPS = ['check', 'fetch', 'apply', 'rollback', 'recover'];

  it.each(STEPS)('%s: unknown arguments are 2, help is 0', async (name) => {
    const wrong = await run(name, '/nonexistent', { args: ['--force'] });
    expect(wrong).toMatchObject({ code: 2, out: '', err: matching(/^error: unknown argument '--force'\n/) });
    const help = await run(name, '/nonexistent', { args: ['--help'] });
    expect(help).toMatchObject({ code: 0, err: '', out: matching(new RegExp(`^usage: ${name}\n`)) });
  });
});

describe('an apply that a person stops', () => {
  it('is told apart from a failure in the receipt', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    await expect(apply(rootDeps(on, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: 'CANCELLED',
      hint: matching(/nothing was changed/),
    });
  });
});
