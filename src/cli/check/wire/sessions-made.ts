import type { ProtocolVersion } from '../../../mqtt/protocol/protocol-version.js';
import type { Place } from './place.js';
import { Recorder } from './recorder.js';
import { WireClient } from './wire-client.js';

/** Milliseconds for ending one. */
const END_MS = 5000;

/** A session that a broker may keep. */
export interface SessionMade {
  readonly place: Place;
  readonly version: ProtocolVersion;
  readonly clientId: string;
}

/** The sessions that a check has made, so that none is left behind. */
export class SessionsMade {
  readonly #made = new Map<string, SessionMade>();

  /** Before its CONNECT. */
  add(session: SessionMade): void {
    this.#made.set(session.clientId, session);
  }

  /** Ends all, each by a clean connection. Gives the client ids of those that could not be ended. Never rejects. */
  async end(): Promise<readonly string[]> {
    const ended = await Promise.all([...this.#made.values()].map(async (made) => ({ made, done: await endOne(made) })));
    this.#made.clear();
    return ended.filter(({ done }) => !done).map(({ made }) => made.clientId);
  }
}

async function endOne({ place, version, clientId }: SessionMade): Promise<boolean> {
  const signal = AbortSignal.timeout(END_MS);
  try {
    const recorder = new Recorder(END_MS, signal);
    const client = new WireClient(clientId, await place.open(signal), version, recorder);
    client.send({ type: 'connect', version, clientId, clean: true, keepAlive: 0, ...place.credentials });
    const accepted = () =>
      recorder.trace.some(({ way, ...event }) => way === 'in' && 'packet' in event && event.packet.type === 'connack');
    await recorder.until(() => accepted() || client.ended);
    await client.leave();
    return accepted();
  } catch {
    return false;
  }
}
