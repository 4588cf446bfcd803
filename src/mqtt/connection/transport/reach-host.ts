import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { deferred } from '../../../internal/deferred.js';

/** Finds the addresses of a name, best first. Rejects as `node:dns` does. */
export type HostLookup = (host: string) => Promise<readonly LookupAddress[]>;

/** As the system resolves names. */
export const systemLookup: HostLookup = (host) => lookup(host, { all: true });

/** How `node:net`, `node:tls` and ws are told to try the addresses of a name. */
export interface Reach {
  /** Gives what was found already; absent for an address. */
  readonly lookup?: LookupFunction;
  /** Milliseconds for each address but the last. */
  readonly autoSelectFamilyAttemptTimeout?: number;
}

/** What the way to a host depends on. */
export interface ReachRequest {
  /** A name, or an address, for which nothing is looked up. */
  readonly host: string;
  readonly lookup: HostLookup;
  /** For all addresses together, the lookup and TLS. */
  readonly connectTimeoutMs: number;
  /** Ends the lookup for us; the system goes on with it. */
  readonly signal: AbortSignal;
}

/**
 * What one address gets at most while others wait: two lost SYNs are sent again in that time. Node's own 250 ms are less than one
 * round trip of a satellite link or a busy broker, and then no address is ever reached.
 */
const MOST_MS = 5000;

/**
 * Looks a host up and shares the connect timeout out among its addresses, so that the last one has its turn within it. Rejects as
 * the lookup does, or with the reason of the signal.
 */
export async function reachHost({ host, lookup: find, connectTimeoutMs, signal }: ReachRequest): Promise<Reach> {
  if (isIP(host) !== 0) return {};
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const addresses = await Promise.race([find(host), aborted.promise]);
    // one share is for the lookup, and for TLS
    const shareMs = Math.floor(connectTimeoutMs / (addresses.length + 1));
    return { lookup: found(addresses), autoSelectFamilyAttemptTimeout: Math.min(MOST_MS, Math.max(1, shareMs)) };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const found =
  (addresses: readonly LookupAddress[]): LookupFunction =>
  (_host, { all }, callback) => {
    const [first] = addresses;
    if (all === true || first === undefined) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
