/** Three releases of a small dashboard, as a release engineer would have them in a folder before `pikit-release build`. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';

interface ReleaseFile {
  path: string;
  text: string;
  mode: number;
}

export interface DemoRelease {
  version: string;
  notes: string;
  files: ReleaseFile[];
}

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3" fill="#c7254e"/></svg>\n';

const HELPERS = {
  temperature: 'exec awk \'{ printf "%.1f °C\\n", $1 / 1000 }\' /sys/class/thermal/thermal_zone0/temp',
  uptime: 'exec cut -d. -f1 /proc/uptime',
  network: 'exec ip -brief address show up',
};

/** 1.0.0; 1.1.0, in which files change, come and go; and 1.2.0, which does not work: the script that its page names was lost. */
export const RELEASES: { first: DemoRelease; second: DemoRelease; broken: DemoRelease } = {
  first: {
    version: '1.0.0',
    notes: 'The first release: temperature and uptime at a glance.',
    files: [
      ...webFiles({ version: '1.0.0', accent: '#c7254e', chart: false, script: 'kept' }),
      apiScript('1.0.0'),
      ...helpers(['temperature', 'uptime']),
    ],
  },
  second: {
    version: '1.1.0',
    notes: 'New: a chart of the load, and the state of the network. Gone: the uptime helper.',
    files: [
      ...webFiles({ version: '1.1.0', accent: '#2b7a4b', chart: true, script: 'kept' }),
      apiScript('1.1.0'),
      ...helpers(['temperature', 'network']),
    ],
  },
  broken: {
    version: '1.2.0',
    notes: 'A new look.',
    files: [
      ...webFiles({ version: '1.2.0', accent: '#3b5bdb', chart: true, script: 'lost' }),
      apiScript('1.2.0'),
      ...helpers(['temperature', 'network']),
    ],
  },
};

interface Look {
  version: string;
  accent: string;
  chart: boolean;
  /** Whether the main script made it into the release. */
  script: 'kept' | 'lost';
}

function webFiles(look: Look): ReleaseFile[] {
  const style = hashedAsset(
    'style',
    'css',
    `:root { --accent: ${look.accent}; }\nbody { margin: 2rem; font: 1rem/1.5 sans-serif; }\nh1 { color: var(--accent); }\n`,
  );
  const app = hashedAsset('app', 'js', appScript(look.version));
  const chart = hashedAsset('chart', 'js', "export const bar = (load) => '█'.repeat(Math.round(load * 10)).padEnd(10, '░');\n");
  const named = look.chart ? [style, app, chart] : [style, app];
  const page: ReleaseFile = { path: 'pikit-web/index.html', text: pageNaming(look.version, named), mode: 0o644 };
  const assets = named.filter((asset) => look.script === 'kept' || asset !== app);
  return [page, ...assets, { path: 'pikit-web/assets/logo.svg', text: LOGO, mode: 0o644 }];
}

/** As bundlers name their output: another content, another name. */
function hashedAsset(name: string, extension: string, text: string): ReleaseFile {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return { path: `pikit-web/assets/${name}-${hash}.${extension}`, text, mode: 0o644 };
}

function pageNaming(version: string, assets: readonly ReleaseFile[]): string {
  const tags = assets.map(({ path }) => {
    const address = path.replace('pikit-web/', '');
    return address.endsWith('.css') ? `  <link rel="stylesheet" href="${address}">` : `  <script type="module" src="${address}"></script>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Pi-Kit ${version}</title>
  <link rel="icon" href="assets/logo.svg">
${tags.join('\n')}
</head>
<body><h1>Pi-Kit ${version}</h1><main id="tiles">…</main></body>
</html>
`;
}

function appScript(version: string): string {
  return `const tiles = document.querySelector('#tiles');
const show = (facts) => tiles.replaceChildren(...Object.entries(facts).map(([name, value]) => Object.assign(document.createElement('p'), { textContent: name + ': ' + value })));
fetch('/api/facts').then((answer) => answer.json()).then(show, () => show({ version: '${version}' }));
`;
}

function apiScript(version: string): ReleaseFile {
  const text = `#!/usr/bin/env python3
"""The dashboard's API."""
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

VERSION = "${version}"


class Facts(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": VERSION, "load": open("/proc/loadavg").read().split()[0]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 8081), Facts).serve_forever()
`;
  return { path: 'pikit-api.py', text, mode: 0o755 };
}

function helpers(names: readonly (keyof typeof HELPERS)[]): ReleaseFile[] {
  return names.map((name) => ({ path: `helpers/pikit-${name}`, text: `#!/bin/sh\n${HELPERS[name]}\n`, mode: 0o755 }));
}

/** Writes a release below `dir`, with its notes beside it. */
export function writeRelease(dir: string, release: DemoRelease): void {
  for (const file of release.files) {
    const path = join(dir, release.version, file.path);
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, file.text);
    fs.chmodSync(path, file.mode);
  }
  fs.writeFileSync(join(dir, `${release.version}.txt`), `${release.notes}\n`);
}
