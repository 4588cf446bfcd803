import type { MillraceError } from '../../../errors/millrace-error.js';
import { serverKey } from '../identity/session-server.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';
import { parseServerReference } from '../options/servers/parse-server-reference.js';
import type { AttemptEnd } from './reconnect-policy.js';

/** A broker wants us at another server. */
export interface Redirect {
  /** A reference that is only a name keeps its protocol and path. */
  readonly from: ServerAddress;
  /** Server moved (0x9D): for good. Use another server (0x9C): for now. */
  readonly moved: boolean;
  /** Where it leads; undefined when it is not followed. */
  readonly to: ServerAddress | undefined;
  /** Why it is not followed. */
  readonly problem: string | undefined;
}

const USE_ANOTHER_SERVER = 0x9c;
const SERVER_MOVED = 0x9d;
/** How often one redirect may follow another. */
const MOST_HOPS = 5;
/** A connection that lasted this long was where the broker wanted us, for a while. */
const SETTLED_MS = 10_000;

/**
 * Follows Server References (5: 4.11), where the user allows it, a few in a row. One that leads back to where this row has been, or one
 * too many, is not followed: the reconnect policy goes on with its waits, and a new row begins.
 */
export class Redirects {
  readonly #allowed: boolean;
  /** The servers of this row of redirects. */
  readonly #row = new Set<string>();

  constructor(allowed: boolean) {
    this.#allowed = allowed;
  }

  /** What an end of an attempt or connection to `from` says of other servers; undefined for nothing that we are to follow. */
  after(
    { error, connectedMs = 0 }: Pick<AttemptEnd, 'error' | 'connectedMs'>,
    from: ServerAddress,
  ): Redirect | undefined {
    if (connectedMs >= SETTLED_MS || !isRedirect(error)) this.#row.clear();
    if (!this.#allowed || !isRedirect(error)) return undefined;
    const moved = error.reasonCode === SERVER_MOVED;
    const { serverReference } = error.details;
    const reference = typeof serverReference === 'string' ? serverReference : undefined;
    const parsed = parseServerReference(reference, from);
    const problem = 'problem' in parsed ? parsed.problem : this.#hop(from, parsed.to);
    if (problem !== undefined) this.#row.clear();
    return { from, moved, to: 'to' in parsed && problem === undefined ? parsed.to : undefined, problem };
  }

  #hop(from: ServerAddress, to: ServerAddress): string | undefined {
    this.#row.add(serverKey(from));
    if (this.#row.has(serverKey(to))) return 'it leads in a circle';
    return this.#row.size > MOST_HOPS ? `it is more than the ${MOST_HOPS}th in a row` : undefined;
  }
}

/** The broker's own word: no error of ours has these codes. */
function isRedirect({ code, reasonCode }: MillraceError): boolean {
  const ofBroker = code === 'CONNECTION_REFUSED_BY_BROKER' || code === 'DISCONNECTED_BY_BROKER';
  return ofBroker && (reasonCode === USE_ANOTHER_SERVER || reasonCode === SERVER_MOVED);
}
