import { describe, expect, it } from 'vitest';
import type { UpdateError } from '../../../../lib/core/errors.ts';
import { openBus } from '../../../../lib/io/bus/bus.ts';
import { BUS_FAULTS, faultyBus } from '../../../helpers/faulty-bus.ts';

const HELLO = { destination: 'a.b', path: '/', interface: 'a.b', member: 'C', signature: '', body: [] };

/** Connects there, and resolves with how it ended. */
async function end(address: string): Promise<UpdateError> {
  const before = process.env['DBUS_SYSTEM_BUS_ADDRESS'];
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = address;
  try {
    return await new Promise((resolve) => {
      openBus({ onSignal: () => undefined, onEnd: resolve })
        .call(HELLO)
        .catch(() => undefined); // the end is what is looked at
    });
  } finally {
    if (before === undefined) delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
    else process.env['DBUS_SYSTEM_BUS_ADDRESS'] = before;
  }
}

describe('openBus', () => {
  it.each(BUS_FAULTS.filter((fault) => !fault.startsWith('never')))('says that a bus that %s is of no use', async (fault) => {
    expect(await end(await faultyBus(fault))).toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
  });

  it.each(['nonsense', 'unix:', 'unix:abstract=x'])("throws for an address that means nothing: '%s'", async (address) => {
    await expect(end(address)).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
  });
});
