/** Scripts in the place of the program of check, in the unchanged sandbox of its unit: the drop-in sets what is run, and nothing else. */
import type { Device } from './container.ts';

const CHECK = 'pikit-update-check.service';
const DROP_IN = `/run/systemd/system/${CHECK}.d`;
const OUT = '/var/lib/pikit-update/mine.out';

export interface InsideCheck {
  /** Runs a script to its end; what it printed. */
  run: (script: string) => Promise<string>;
  /** Starts one that runs until `end`, or the time limit of the unit. */
  begin: (script: string) => Promise<void>;
  /** Ends it, and gives the unit its own program back; what the script printed. */
  end: () => Promise<string>;
}

export function insideCheck(device: Device): InsideCheck {
  const put = async (script: string): Promise<void> => {
    await device.writeFile('/srv/hostile.sh', `exec >${OUT} 2>&1\n${script}\ntrue\n`);
    await device.writeFile(`${DROP_IN}/hostile.conf`, '[Service]\nExecStart=\nExecStart=/bin/bash /srv/hostile.sh\n');
    await device.sh('systemctl daemon-reload; systemctl reset-failed');
  };
  const end = async (): Promise<string> => {
    await device.sh(`systemctl stop ${CHECK}; rm -r ${DROP_IN}; systemctl daemon-reload; systemctl reset-failed`);
    const out = await device.readFile(OUT);
    await device.sh(`rm -f ${OUT}`);
    return out;
  };
  return {
    run: async (script) => {
      await put(script);
      await device.systemctl('start', CHECK);
      return await end();
    },
    begin: async (script) => {
      await put(script);
      await device.systemctl('start', '--no-block', CHECK);
      await device.sh(`timeout 60 bash -c 'until test -s ${OUT}; do :; done'`);
    },
    end,
  };
}
