import type { EdgeAddress, EdgeListener, Edges } from '../../../../src/cluster/exchange/edges.js';
import type { SeededRandom } from '../../seeded-random.js';
import type { SimLine } from './sim-line.js';

interface Subscriber {
  readonly listener: EdgeListener;
  readonly line: SimLine;
}

/** Of what is published, also when all is well. */
const LOST_CHANCE = 0.05;
const DOUBLED_CHANCE = 0.05;

/** What carries messages between all nodes, and keeps none. */
export class SimEdgeHub {
  readonly #random: SeededRandom;
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  at({ exchange, kind, partition }: EdgeAddress): Set<Subscriber> {
    const key = `${kind} ${partition} ${exchange}`;
    const known = this.#subscribers.get(key) ?? new Set();
    this.#subscribers.set(key, known);
    return known;
  }

  publish(to: EdgeAddress, message: Uint8Array): void {
    if (this.#random.chance(LOST_CHANCE)) return;
    const copies = this.#random.chance(DOUBLED_CHANCE) ? 2 : 1;
    for (const { listener, line } of this.at(to)) {
      const tell = (): void => line.life.enter(() => listener.onMessage(message));
      for (let copy = 0; copy < copies; copy += 1) line.back.pass(tell);
    }
  }
}

/** The edges of one node: its messages are lost, doubled and reordered. */
export class SimEdges implements Edges {
  readonly maxMessageBytes = 64 * 1024;
  readonly #hub: SimEdgeHub;
  readonly #line: SimLine;

  constructor(hub: SimEdgeHub, line: SimLine) {
    this.#hub = hub;
    this.#line = line;
  }

  publish(to: EdgeAddress, message: Uint8Array): void {
    const copy = message.slice();
    this.#line.there.pass(() => this.#hub.publish(to, copy));
  }

  subscribe(at: EdgeAddress, listener: EdgeListener): Promise<() => void> {
    const line = this.#line;
    let open = true;
    const subscriber: Subscriber = {
      line,
      listener: {
        onMessage: (message) => (open ? listener.onMessage(message) : undefined),
        onFailed: (error) => listener.onFailed(error),
      },
    };
    return line.ask(() => {
      this.#hub.at(at).add(subscriber);
      return () => {
        open = false;
        this.#hub.at(at).delete(subscriber);
      };
    });
  }
}
