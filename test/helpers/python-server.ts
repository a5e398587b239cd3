/** A server as pikit-api.py is one: Python's http.server with routes of its own, and docs/examples/pikit_api_update.py before them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { withoutClock } from './faketime.ts';

export const hasPython = spawnSync('python3', ['--version']).status === 0;

const SCRIPT = `
import http.server, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import pikit_api_update as update
SOCKET, PROTOCOL, KIND, TIMEOUT = sys.argv[2:]
update.ANSWER_TIMEOUT_S = update.STREAM_TIMEOUT_S = update.CLIENT_TIMEOUT_S = float(TIMEOUT)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = PROTOCOL
    def do_GET(self):
        if update.forward_update(self, SOCKET):
            return
        self.send_response(200)
        self.send_header('Content-Length', '13')
        self.end_headers()
        self.wfile.write(b'the dashboard')
    do_POST = do_PUT = do_GET
    def log_message(self, format, *args):
        print('log', format % args, flush=True)
server = getattr(http.server, KIND)(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
`;

export interface PythonServer {
  url: string;
  port: number;
  /** What it wrote to standard error: a traceback, if anything. */
  complaints: () => string;
}

export interface PythonOptions {
  protocol?: 'HTTP/1.0' | 'HTTP/1.1';
  kind?: 'ThreadingHTTPServer' | 'HTTPServer';
  /** Instead of the timeouts for answers, streams and clients. */
  timeoutS?: number;
}

/** Until the test ends. */
export async function pythonServer(
  socket: string,
  { protocol = 'HTTP/1.1', kind = 'ThreadingHTTPServer', timeoutS = 20 }: PythonOptions = {},
): Promise<PythonServer> {
  const child = spawn('python3', ['-c', SCRIPT, resolve('docs/examples'), socket, protocol, kind, String(timeoutS)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It has timeouts and no dates; libfaketime makes the first end early now and then.
    env: withoutClock(),
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise<string>((resolve) => lines.once('line', resolve));
  return { url: `http://127.0.0.1:${port}`, port: Number(port), complaints: () => complaints };
}
