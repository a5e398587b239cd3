import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../../../lib/io/state/config-file.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = folderOfTest('config');
  file = join(dir, 'update.toml');
});

const SOURCE = '[source]\ntype = "static"\nurl = "https://updates.example.org/pikit"\n';

describe('readConfig', () => {
  it('reads the configuration of the design', () => {
    fs.writeFileSync(
      file,
      `# a comment
${SOURCE}
[[target]]
from = "pikit-web/"
to   = "/var/www/pikit-web/"
[[target]]
from = "pikit-api.py"
to   = "/usr/local/bin/pikit-api.py"
[services]
manager = "systemd"
restart = ["dietpi-dashboard-frontend.service", "pikit-api.service"]
allow   = []
[health]
http = ["http://127.0.0.1/"]
timeout = "30s"
[limits]
bundle_bytes = "1GiB"
files = 1_000
`,
    );
    expect(readConfig(file)).toMatchObject({
      target: [{ from: 'pikit-web/' }, { from: 'pikit-api.py' }],
      health: { http: ['http://127.0.0.1/'], timeout: 30_000 },
      limits: { bundle_bytes: 1_073_741_824, files: 1000, retries: 3 },
    });
  });

  it('says how to make one that is missing', () => {
    expect(() => readConfig(file)).toThrow(
      expect.objectContaining({ code: 'CONFIG_MISSING', message: `'${file}' does not exist`, hint: containing('[source]') }),
    );
  });

  it.each([
    ['no-value', `${SOURCE}x =\n`, /is not TOML: .*line 4, column \d/],
    ['unclosed-string', '[source]\ntype = "static\n', /is not TOML: .*line 2/],
    ['unclosed-table', '[source\n', /is not TOML: .*line 1/],
    ['key-twice', `${SOURCE}type = "static"\n`, /is not TOML: .*line 4/],
    ['table-twice', `${SOURCE}[source]\n`, /is not TOML: /],
    ['json', '{"source": {}}', /is not TOML: .*line 1/],
    ['escape-codes', '\u001b[31m', /is not TOML: /],
    ['nul', '\0', /is not TOML: /],
    ['number-beyond-2-53', `${SOURCE}[limits]\nfiles = 9007199254740993\n`, /is not TOML: .*line 5/],
  ])('refuses what is not TOML, naming the line: %s', (_name, text, says) => {
    fs.writeFileSync(file, text);
    expect(() => readConfig(file)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: matching(says), hint: containing(`edit '${file}', line `) }),
    );
  });

  it.each([
    ['empty', '', "'source' is missing"],
    ['infinity', `${SOURCE}[limits]\nfiles = inf\n`, "'limits.files' is Infinity"],
    ['not-a-number', `${SOURCE}[limits]\nfiles = nan\n`, "'limits.files' is NaN"],
    ['date', `${SOURCE}[health]\ntimeout = 2026-11-20\n`, "'health.timeout'"],
    ['proto', `${SOURCE}[__proto__]\npolluted = true\n`, 'unknown key __proto__'],
    ['constructor', `${SOURCE}[constructor.prototype]\npolluted = true\n`, 'unknown key constructor'],
  ])('refuses what does not fit, naming the key: %s', (_name, text, says) => {
    fs.writeFileSync(file, text);
    expect(() => readConfig(file)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: containing(`'${file}' is not valid: `) }));
    expect(() => readConfig(file)).toThrow(says);
    expect('polluted' in {}).toBe(false);
  });

  it.each<[string, () => void, string]>([
    [
      'directory',
      () => {
        fs.mkdirSync(file);
      },
      'is a directory',
    ],
    [
      'hole',
      () => {
        fs.writeFileSync(file, '');
        fs.truncateSync(file, 3 * 1024 ** 3);
      },
      'has 3221225472 bytes, 1048576 are allowed',
    ],
    [
      'no-text',
      () => {
        fs.writeFileSync(file, Buffer.from(`${SOURCE}# \xff\n`, 'latin1'));
      },
      'is not UTF-8',
    ],
  ])('names what is no configuration at all: %s', (_name, make, why) => {
    make();
    expect(() => readConfig(file)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: `'${file}' ${why}`, hint: containing(file) }));
  });

  it('follows a link of the owner, and does not mind a byte order mark', () => {
    fs.writeFileSync(join(dir, 'elsewhere.toml'), `\uFEFF${SOURCE}`);
    fs.symlinkSync('elsewhere.toml', file);
    expect(readConfig(file).source.url).toBe('https://updates.example.org/pikit');
  });

  it('passes on what is not about its content', () => {
    fs.writeFileSync(file, SOURCE);
    expect(() => readConfig(join(file, 'below'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });
});
