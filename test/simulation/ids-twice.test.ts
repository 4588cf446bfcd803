import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionState } from '../../src/mqtt/protocol/index.js';
import type { Packet } from '../../src/mqtt/protocol/packet.js';
import { DurableAcks } from '../../src/mqtt/source/durable/acks.js';
import { readSourceState, restoredSession } from '../../src/mqtt/source/durable/source-state.js';
import { fromStoredPages } from '../../src/mqtt/source/durable/stored-memory.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { SessionRig } from '../support/rigs/session-rig.js';
import { SeededRandom } from '../support/seeded-random.js';
import { OverrunBroker } from '../support/sim/sim-overrun-broker.js';

/*
 * R2c over kills: a source with its commits, the real Session and a broker that hands out a backlog longer than there are ids, so that it
 * gives ids twice. What is committed is committed; all else is gone with a kill.
 */

const BACKLOG = 90_000;
const CLIENT = 'c';

/** One process of the source. */
class Life {
  readonly rig: SessionRig;
  readonly acks: DurableAcks;
  readonly taken: number[] = [];
  suspected = 0;
  #position = 0;
  #polled = 0;

  constructor(state: SessionState) {
    this.rig = new SessionRig({ state });
    this.acks = new DurableAcks(this.rig.session, state, CLIENT);
    this.rig.connect({ keepAlive: 0 }, { sessionPresent: true }).forget();
  }

  serve(packets: readonly Packet[]): void {
    this.rig.serve(...packets);
    for (const event of this.rig.events()) {
      if (event.type === 'message') {
        this.taken.push(Number(Buffer.from(event.payload).toString()));
        this.acks.taken(this.#position, event.token);
        this.#position += 1;
      } else if (event.type === 'release') this.acks.released(event.token);
      else if (event.type === 'session-suspect') this.suspected += 1;
    }
  }

  /** Of a share of what was taken: the rest is not polled yet. What is in it, and what its commit gives. */
  snapshot(share: number) {
    const { mark, state, pages } = this.acks.snapshot(this.#polled + Math.ceil(this.taken.length * share) - 1);
    const effects = this.taken.splice(0, Math.ceil(this.taken.length * share));
    this.#polled += effects.length;
    return { mark, state, pages, effects };
  }
}

class World {
  readonly broker = new OverrunBroker();
  readonly effects: number[] = [];
  readonly #random: SeededRandom;
  readonly #pages = new Map<string, Uint8Array>();
  #state: unknown;
  #life: Life;
  #down: Packet[] = [];
  #up: Packet[] = [];
  suspected = 0;
  kills = 0;
  ends = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#life = this.#born();
  }

  #born(): Life {
    const pages = fromStoredPages(this.#pages, 's');
    const state = readSourceState(this.#state, 's');
    return new Life(restoredSession(state, { epoch: state?.epoch ?? 0, client: CLIENT }, pages));
  }

  run(): void {
    this.#fence();
    this.#down.push(...this.broker.publish(BACKLOG - 10));
    for (let round = 0; this.broker.unfinished > 0; round += 1) {
      assert.ok(round < 20_000, `${this.broker.unfinished} are never finished`);
      this.#life.serve(this.#down.splice(0, 500 + this.#random.below(3000)));
      if (this.#random.below(2) === 0) this.#commit(this.#random.below(11) / 10);
      this.#collect();
      this.#brokerTakes(this.#random.below(1500));
      if (this.kills < 8 && this.#random.below(20) === 0) this.#kill();
    }
    this.#life.serve(this.#down.splice(0));
    this.#commit();
    this.suspected += this.#life.suspected;
  }

  /** Ten messages to their end, with the fence that shows that ids are free, and a reconnect. */
  #fence(): void {
    this.#down.push(...this.broker.publish(10));
    for (let round = 0; this.broker.unfinished > 0; round += 1) {
      this.#life.serve(this.#down.splice(0));
      this.#commit();
      this.#collect();
      this.#brokerTakes(100);
      assert.ok(round < 100);
    }
  }

  #commit(share = 1): void {
    const life = this.#life;
    const { mark, state, pages, effects } = life.snapshot(share);
    this.#state = structuredClone(state);
    for (const [name, bytes] of pages ?? []) this.#pages.set(name, bytes.slice());
    this.effects.push(...effects);
    life.acks.committed(mark);
  }

  #collect(): void {
    const { rig } = this.#life;
    rig.now += 2000;
    rig.session.handleTimeout(rig.now);
    this.#up.push(...rig.written());
  }

  #brokerTakes(count: number): void {
    for (const packet of this.#up.splice(0, count)) {
      if (packet.type === 'pingreq') this.#down.push({ type: 'pingresp' });
      if (packet.type !== 'pubrec' && packet.type !== 'pubcomp') continue;
      const answer = this.broker.take(packet);
      if (answer === undefined) {
        this.ends += 1;
        this.#reconnect();
        return;
      }
      this.#down.push(...answer);
    }
  }

  /** The broker ended the connection. */
  #reconnect(): void {
    const { rig } = this.#life;
    rig.resume({ keepAlive: 0 });
    rig.written();
    this.#again();
  }

  #kill(): void {
    this.kills += 1;
    this.suspected += this.#life.suspected;
    this.#life = this.#born();
    this.#again();
  }

  #again(): void {
    this.#up = [];
    if (this.#random.below(3) === 0) this.broker.connect(true);
    this.#down = this.broker.connect();
  }
}

describe('R2c: a broker that hands out more than it has ids', () => {
  for (const seed of Array.from({ length: howMany({ sample: 1, full: 30 }) }, (_, index) => index + 1)) {
    it(`over kills and ends of connections nothing is lost, and all is finished: seed ${seed}`, LIMIT, (t) => {
      const world = new World(seed);
      world.run();
      const taken = new Set(world.effects);
      const lost = Array.from({ length: BACKLOG }, (_, number) => number).filter((number) => !taken.has(number));
      const doubled = world.effects.length - taken.size;
      t.diagnostic(`${world.kills} kills, ${world.ends} ends, ${world.suspected} suspected, ${doubled} doubled`);
      assert.ok(world.kills > 0);
      assert.deepEqual(lost, []);
    });
  }
});
