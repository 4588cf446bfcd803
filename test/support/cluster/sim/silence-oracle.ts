import type { Packet } from '../../../../src/mqtt/protocol/packet.js';
import type { PacketDirection, PacketPlace } from '../../sim/sim-broker.js';
import type { SimLife } from '../../sim/sim-life.js';
import type { SimLink } from '../../sim/sim-link.js';

/** These say nothing for a session. */
const SILENT: ReadonlySet<Packet['type']> = new Set(['connect', 'pingreq', 'disconnect']);

/**
 * C3: whoever sends a packet on a connection has a record in the log of its partition that entered behind the connection's CONNACK. The
 * partition is the number at the end of the client id.
 */
export class SilenceOracle {
  readonly #lifeOf: (link: SimLink) => SimLife | undefined;
  readonly #complain: (text: string) => void;
  readonly #accepted = new Map<SimLink, number>();
  /** By process and partition, when it last wrote: in steps, not in time. */
  readonly #wrote = new Map<SimLife, Map<number, number>>();
  #steps = 0;

  constructor(lifeOf: (link: SimLink) => SimLife | undefined, complain: (text: string) => void) {
    this.#lifeOf = lifeOf;
    this.#complain = complain;
  }

  appended(partition: number, life: SimLife): void {
    const wrote = this.#wrote.get(life) ?? new Map<number, number>();
    this.#wrote.set(life, wrote.set(partition, this.#step()));
  }

  passes(direction: PacketDirection, packet: Packet['type'], { link, clientId }: PacketPlace): void {
    if (direction === 'out') {
      if (packet === 'connack') this.#accepted.set(link, this.#step());
      return;
    }
    if (SILENT.has(packet)) return;
    const life = this.#lifeOf(link);
    const partition = Number(/\d+$/.exec(clientId)?.[0] ?? 0);
    const wrote = life && this.#wrote.get(life)?.get(partition);
    if (wrote === undefined || wrote < (this.#accepted.get(link) ?? 0)) {
      this.#complain(`C3: ${clientId} sends ${packet} on a connection before it has proven that it is the owner`);
    }
  }

  #step(): number {
    this.#steps += 1;
    return this.#steps;
  }
}
