/** How much memory a program takes at most, told by itself: what getrusage(2) answers includes the process that forked it. */
import fs from 'node:fs';

const PRELOAD = `import fs from 'node:fs';
process.on('exit', () => {
  fs.writeFileSync(process.env.PIKIT_PEAK, fs.readFileSync('/proc/self/status'));
});
`;

export interface Peak {
  /** For the programs that are measured. */
  env: Readonly<Record<string, string>>;
  /** Of the last one, in KiB. Throws when there was none. */
  take: () => number;
}

/** Writes what it needs to a folder. */
export function peakIn(dir: string): Peak {
  const [preload, file] = [`${dir}/peak.mjs`, `${dir}/peak`];
  fs.writeFileSync(preload, PRELOAD);
  return {
    env: { NODE_OPTIONS: `--import=file://${preload}`, PIKIT_PEAK: file },
    take: () => {
      const text = fs.readFileSync(file, 'utf8');
      fs.unlinkSync(file);
      const kibibytes = Number(/^VmHWM:\s*(\d+) kB$/m.exec(text)?.[1]);
      if (!(kibibytes > 0)) throw new Error(`no peak in\n${text}`);
      return kibibytes;
    },
  };
}
