/** How servers are reached from here: straight or through a proxy, whose certificates count, and who asked to be left alone. */
import dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Config } from '../../core/device/config.ts';
import type { Proxy } from '../../core/network/proxy.ts';
import { proxyFor } from '../../core/network/proxy.ts';
import type { Trust } from '../state/trust-store.ts';
import { trustStore } from '../state/trust-store.ts';
import type { Waits } from './server-waits.ts';
import { NO_WAITS_KEPT, waits } from './server-waits.ts';

export interface Wire {
  proxyFor: (url: URL) => Proxy | null;
  trust: Trust;
  waits: Waits;
  lookup: LookupFunction;
}

export type OpenWire = (config: Config) => Wire;

export interface WireAccess {
  /** PIKIT_ROOT. */
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Where it is kept how long servers want to be left alone. */
  waitsFile: string;
  /** Started by its owner, who is not kept waiting for a day. */
  byHand: boolean;
}

/** Straight, with the certificates of the system, and without a memory. */
export function plainWire(env: Readonly<Record<string, string | undefined>>): Wire {
  return { proxyFor: () => null, trust: trustStore(null, env), waits: NO_WAITS_KEPT, lookup: dns.lookup };
}

/** A function that makes the wire of a configuration: the same one each time, for as long as the source does not change. */
export function wireOpener({ root, env, waitsFile, byHand }: WireAccess): OpenWire {
  const kept = waits(waitsFile, byHand);
  let open: { id: string; wire: Wire } | null = null;
  return (config) => {
    const id = JSON.stringify(config.source);
    if (open?.id !== id) {
      const trust = trustStore(config.source.ca === undefined ? null : { root, file: config.source.ca }, env);
      open = { id, wire: { proxyFor: (url) => proxyFor(config, url), trust, waits: kept, lookup: dns.lookup } };
    }
    return open.wire;
  };
}
