import assert from 'node:assert/strict';
import {
  type ConnectRequest,
  Session,
  type SessionEvent,
  type SessionOptions,
} from '../../../src/mqtt/protocol/index.js';
import type { SeededRandom } from '../seeded-random.js';
import type { BrokerConnection, BrokerModel } from './broker-model.js';
import { connectRequest, sessionOptions } from './client-session.js';

/** What the owner of a simulated client makes of its session's events. */
export type EventHandler = (event: SessionEvent) => void;

interface Link {
  readonly broker: BrokerConnection;
  up: Uint8Array;
  down: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** A Session on a link to the broker model that moves bytes in any portions and loses those in flight when it is cut. */
export class SimulatedClient {
  session: Session;
  readonly #options: SessionOptions;
  readonly #request: ConnectRequest;
  readonly #broker: BrokerModel;
  readonly #onEvent: EventHandler;
  #link: Link | undefined;

  constructor(
    broker: BrokerModel,
    changes: Partial<SessionOptions> & Pick<ConnectRequest, 'version'>,
    onEvent: EventHandler,
  ) {
    const { version, ...options } = changes;
    this.#options = sessionOptions(options);
    this.#request = connectRequest({ version, keepAlive: 0 });
    this.#broker = broker;
    this.#onEvent = onEvent;
    this.session = new Session(this.#options);
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  get version(): ConnectRequest['version'] {
    return this.#request.version;
  }

  get clientId(): string {
    return this.#options.clientId;
  }

  connect(changes: Partial<ConnectRequest> = {}): void {
    this.#link = { broker: this.#broker.connect(this.#request.version), up: NOTHING, down: NOTHING };
    this.session.connect({ ...this.#request, ...changes }, 0);
    this.flush();
  }

  /** The connection breaks; what was on its way is lost. */
  cut(): void {
    this.flush();
    this.#link?.broker.close();
    this.#link = undefined;
    this.session.connectionLost(0);
  }

  /** Another process goes on from the stored state. */
  restart(): void {
    if (this.connected) this.cut();
    const state = structuredClone(this.session.state());
    this.session = new Session({ ...this.#options, state });
    assert.deepEqual(this.session.state(), state, 'a session gives back the state that it was given');
  }

  /** Moves some bytes one way. */
  deliver(random: SeededRandom): void {
    const link = this.#link;
    if (link === undefined) return;
    if (random.chance(0.5)) {
      const count = portion(link.up, random);
      const bytes = link.up.slice(0, count);
      link.up = link.up.subarray(count);
      link.broker.receive(bytes);
    } else {
      const count = portion(link.down, random);
      const bytes = link.down.slice(0, count);
      link.down = link.down.subarray(count);
      this.session.receive(bytes, 0);
    }
    this.flush();
  }

  /** After commands: events to the owner, bytes onto the link. What is due at once is done; time stands still. */
  flush(): void {
    if (this.session.deadline() <= 0) this.session.handleTimeout(0);
    for (const event of this.session.takeEvents()) {
      if (event.type === 'close') throw event.error;
      this.#onEvent(event);
    }
    const output = this.session.takeOutput();
    if (this.#link === undefined) return;
    if (output.length > 0) this.#link.up = Buffer.concat([this.#link.up, ...output]);
  }

  /** What the broker has written since. */
  collect(): void {
    const output = this.#link?.broker.takeOutput() ?? [];
    if (this.#link !== undefined && output.length > 0) this.#link.down = Buffer.concat([this.#link.down, ...output]);
  }
}

function portion({ length }: Uint8Array, random: SeededRandom): number {
  return random.chance(0.3) ? length : random.below(length + 1);
}
