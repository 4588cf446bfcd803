import { invalidState, protocolError } from '../../codec/protocol-error.js';
import type { AuthPacket, ConnackPacket } from '../../packet.js';
import type { Properties } from '../../properties.js';
import type { EventQueue } from '../event-queue.js';
import type { PacketOutput } from '../packet-output.js';
import type { ConnectRequest } from '../session-options.js';

/**
 * Where an exchange stands. `off`: CONNECT named no method. `asked`: CONNECT or AUTH is written, the server has to answer.
 * `challenged`: the server asks us. `confirming`: CONNACK accepts us, and the owner has to say whether it believes the server.
 * `done`: authenticated.
 */
type Stage = 'off' | 'asked' | 'challenged' | 'confirming' | 'done';

type Signal = 'continue' | 'accept' | 'success' | 'answer' | 'admit' | 'restart';

/** A missing entry is the protocol error of the server, or a command that is not allowed now. */
const STAGES: Readonly<Record<Stage, Readonly<Partial<Record<Signal, Stage>>>>> = {
  off: {},
  asked: { continue: 'challenged', accept: 'confirming', success: 'done' },
  challenged: { answer: 'asked' },
  confirming: { admit: 'done' },
  done: { restart: 'asked' },
};

const CONTINUE = 0x18;
const REAUTHENTICATE = 0x19;
const NONE = new Uint8Array(0);

/**
 * Enhanced authentication (5.0, 4.12): who has to speak, and with which method. What is said is for the owner to know. Either end
 * speaks in turn: a server that asks twice without an answer is refused, so nothing gathers here.
 */
export class SessionAuthentication {
  readonly #output: PacketOutput;
  readonly #events: EventQueue;
  #method: string | undefined;
  #stage: Stage = 'off';

  constructor(output: PacketOutput, events: EventQueue) {
    this.#output = output;
    this.#events = events;
  }

  /** The owner has to speak: what is late is not the server. */
  get isOurTurn(): boolean {
    return this.#stage === 'challenged' || this.#stage === 'confirming';
  }

  /** CONNACK waits for the owner's word. */
  get confirming(): boolean {
    return this.#stage === 'confirming';
  }

  /** CONNECT is written. */
  connecting({ authentication }: ConnectRequest): void {
    this.#method = authentication?.method;
    this.#stage = authentication === undefined ? 'off' : 'asked';
  }

  /** AUTH of the server; `accepted`: its CONNACK has come. Throws PROTOCOL_ERROR for one that may not come now. */
  handle({ reasonCode, properties }: AuthPacket, accepted: boolean): void {
    if (this.#stage === 'off') throw protocolError('AUTH although CONNECT named no method [MQTT-4.12.0-6]');
    this.#checkMethod(properties);
    const signal = reasonCode === CONTINUE ? 'continue' : 'success';
    const next = STAGES[this.#stage][signal];
    // before CONNACK the only code is 0x18 [MQTT-4.12.0-2]
    if (next === undefined || (signal === 'success' && !accepted)) {
      throw protocolError(`AUTH ${signal} when it is not the server's turn for it (5: 4.12)`);
    }
    this.#stage = next;
    const data = dataOf(properties);
    if (signal === 'continue') this.#events.push({ type: 'auth-challenge', data });
    else this.#events.push({ type: 'auth-success', data, initial: false });
  }

  /** CONNACK 0 came. Throws PROTOCOL_ERROR when it names another method, or comes while the server's question is open. */
  accepted({ properties }: ConnackPacket): void {
    if (this.#stage === 'off') return;
    this.#checkMethod(properties);
    const next = STAGES[this.#stage].accept;
    if (next === undefined) throw protocolError('CONNACK before the answer that the server asked for (5: 4.12)');
    this.#stage = next;
    this.#events.push({ type: 'auth-success', data: dataOf(properties), initial: true });
  }

  /** Our answer to a challenge [MQTT-4.12.0-3]. */
  answer(data: Uint8Array | undefined): void {
    this.#send('answer', CONTINUE, data);
  }

  /** Begins anew on a live connection, with the same method [MQTT-4.12.1-1]. */
  restart(data: Uint8Array | undefined): void {
    this.#send('restart', REAUTHENTICATE, data);
  }

  /** The owner believes the server. */
  admit(): void {
    this.#stage = this.#after('admit');
  }

  #send(signal: Signal, reasonCode: number, data: Uint8Array | undefined): void {
    const next = this.#after(signal);
    // no AUTH without a method [MQTT-4.12.0-7]: without one there is no stage from which it could be sent
    const authenticationMethod = this.#method ?? '';
    const properties = { authenticationMethod, ...(data === undefined ? {} : { authenticationData: data }) };
    this.#output.write({ type: 'auth', reasonCode, properties });
    this.#stage = next;
  }

  #after(signal: Signal): Stage {
    const next = STAGES[this.#stage][signal];
    if (next === undefined) throw invalidState(`There is nothing to ${signal} in an authentication now`);
    return next;
  }

  #checkMethod(properties: Properties | undefined): void {
    if (properties?.authenticationMethod !== this.#method) {
      throw protocolError('the server answers with another authentication method than ours [MQTT-4.12.0-5]');
    }
  }
}

/** In bytes of its own: whoever answers may take its time. */
function dataOf(properties: Properties | undefined): Uint8Array {
  return properties?.authenticationData?.slice() ?? NONE;
}
