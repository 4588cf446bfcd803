import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../../errors/index.js';
import type { ConnectPacket } from '../../../mqtt/protocol/packet.js';
import type { ProtocolVersion } from '../../../mqtt/protocol/protocol-version.js';
import { reasonName, returnCodeName } from '../../../mqtt/protocol/reason-code.js';
import { packetsOf } from '../verdict/trace.js';
import type { Place } from './place.js';
import { Recorder } from './recorder.js';
import type { SessionsMade } from './sessions-made.js';
import { WireClient } from './wire-client.js';

const KEEP_ALIVE = 60;
/** Seconds: what is left behind by a check that is killed ends by itself. */
const EXPIRY = 300;
const CONNACK_MS = 10_000;
/** Milliseconds in which what must not come would have come. */
const QUIET_MS = 1000;

/** How a client of a probe connects. */
export interface OpenAs {
  /** The broker keeps the session. Default false. */
  readonly keep?: boolean;
  /** Seconds, of one that is kept (5.0). */
  readonly expiry?: number;
  /** 5.0. Default: none is sent. */
  readonly receiveMaximum?: number;
}

/** What all probes of one version share. */
export interface LabParts {
  readonly place: Place;
  readonly version: ProtocolVersion;
  /** The highest that the broker takes. */
  readonly highest: 1 | 2;
  readonly made: SessionsMade;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** Where one probe is made: topics and client ids of its own, and a record of all that happens. */
export class Lab {
  readonly version: ProtocolVersion;
  readonly highest: 1 | 2;
  readonly recorder: Recorder;
  readonly #parts: LabParts;
  readonly #own = randomBytes(8).toString('hex');
  readonly #clients: WireClient[] = [];
  /** How many connections a client has had, and its id. */
  readonly #opened = new Map<string, { readonly id: string; count: number }>();

  constructor(parts: LabParts) {
    this.#parts = parts;
    this.version = parts.version;
    this.highest = parts.highest;
    this.recorder = new Recorder(parts.waitMs, parts.signal);
  }

  /** One that nobody else has. */
  topic(name: string): string {
    return `millrace-check/${this.#own}/${name}`;
  }

  /** Resolves at CONNACK. A client of the same name has the same id. @throws MillraceError what refuses it */
  async open(name: string, as: OpenAs = {}): Promise<WireClient> {
    const client = this.#opened.get(name) ?? { id: `check${randomBytes(8).toString('hex')}`, count: 0 };
    this.#opened.set(name, client);
    client.count += 1;
    const { place, version, signal, made } = this.#parts;
    if (as.keep === true) made.add({ place, version, clientId: client.id });
    const transport = await place.open(signal);
    const wire = new WireClient(`${name}#${client.count}`, transport, version, this.recorder);
    this.#clients.push(wire);
    wire.send(connectOf(client.id, this.#parts, as));
    await this.#accepted(wire);
    return wire;
  }

  until(hasCome: () => boolean): Promise<boolean> {
    return this.recorder.until(hasCome);
  }

  quiet(): Promise<void> {
    return this.recorder.pause(QUIET_MS);
  }

  /** Whatever is open is cut. */
  close(): void {
    for (const client of this.#clients) if (!client.ended) client.cut();
  }

  async #accepted(wire: WireClient): Promise<void> {
    const connack = () => packetsOf(this.recorder.trace, 'in', wire.link, 'connack')[0];
    await this.recorder.until(() => connack() !== undefined || wire.ended, CONNACK_MS);
    const code = connack()?.reasonCode;
    if (code === 0) return;
    if (code === undefined) throw new MillraceError('TIMEOUT', `${wire.link} got no CONNACK`);
    const why = this.version === 5 ? reasonName(code) : returnCodeName(code);
    throw new MillraceError('CONNECTION_REFUSED_BY_BROKER', `${wire.link} was refused: ${why}`);
  }
}

function connectOf(clientId: string, { place, version }: LabParts, as: OpenAs): ConnectPacket {
  const { keep = false, expiry = EXPIRY, receiveMaximum } = as;
  const properties = {
    sessionExpiryInterval: keep ? expiry : 0,
    ...(receiveMaximum === undefined ? {} : { receiveMaximum }),
  };
  return {
    type: 'connect',
    version,
    clientId,
    clean: !keep,
    keepAlive: KEEP_ALIVE,
    ...place.credentials,
    ...(version === 5 ? { properties } : {}),
  };
}
