import assert from 'node:assert/strict';
import type { ProtocolVersion, SessionEvent } from '../../../src/mqtt/protocol/index.js';
import { SeededRandom } from '../seeded-random.js';
import { BrokerModel } from './broker-model.js';
import { SimulatedClient } from './simulated-client.js';

/** What may happen in a history. */
export interface HistoryOptions {
  /** The broker may lose the publisher's session. */
  readonly losses: boolean;
  /** After a restart the publisher's session has to be proven by a marker (5.0), or is trusted when it has none. */
  readonly proofs?: boolean;
}

const STEPS = 250;
const DRAIN_STEPS = 20_000;
const TOPICS = ['qos0', 'qos1', 'qos1/b', 'qos2', 'qos2/b'];
const IDS = 60_000;

/**
 * One seeded history: a publisher and a subscriber session with the broker model between them, links that are cut at any
 * byte, owners that accept, complete and release when they like, and restarts from the stored state. Throws when a
 * promise is broken.
 */
export class SessionHistory {
  readonly #random: SeededRandom;
  readonly #losses: boolean;
  readonly #proofs: boolean;
  readonly #broker: BrokerModel;
  readonly #publisher: SimulatedClient;
  readonly #subscriber: SimulatedClient;
  readonly #published = new Map<string, number>();
  readonly #arrived = new Map<string, number[]>();
  readonly #accepted = new Set<string>();
  readonly #idsInUse = new Map<number, number>();
  #toAccept: { readonly token: number; readonly key: string; readonly qos: number }[] = [];
  #late: number[] = [];
  #toComplete: number[] = [];
  #toRelease: number[] = [];
  #subscribed = false;
  #lost = false;
  /** What the publisher has written down beside its session. */
  #unproven = false;
  #marker: string | undefined;
  #markers = 0;
  #marking = false;
  #seq: number;

  constructor(seed: number, { losses, proofs = false }: HistoryOptions) {
    const random = new SeededRandom(seed);
    const version = proofs ? 5 : losses ? random.pick([4, 5] as const) : random.pick([3, 4, 5] as const);
    this.#random = random;
    this.#losses = losses;
    this.#proofs = proofs;
    this.#seq = random.below(3 * IDS);
    this.#broker = new BrokerModel({
      lowestId: random.chance(0.5),
      receiveMaximum: () => 1 + random.below(12),
      onAcknowledged: (_, { topic, payload }) => {
        assert.ok(this.#accepted.has(keyOf(topic, payload)), 'nothing is acknowledged before it is accepted');
      },
    });
    this.#publisher = this.#client('publisher', version, (event) => this.#onPublisherEvent(event));
    this.#subscriber = this.#client('subscriber', version, (event) => this.#onSubscriberEvent(event));
  }

  /** Plays it to the end. */
  play(): void {
    while (!this.#subscribed) this.#step(this.#subscriber, true);
    for (let step = 0; step < STEPS; step += 1) this.#wildStep();
    for (let step = 0; !this.#drained && step < DRAIN_STEPS; step += 1) this.#drainStep();
    assert.ok(this.#drained, `everything drains: ${JSON.stringify(this.#publisher.session.state())}`);
    this.#check();
  }

  get #drained(): boolean {
    const { inbound } = this.#subscriber.session.state();
    return this.#publisher.session.inflight === 0 && this.#broker.idle && inbound.length === 0;
  }

  #client(clientId: string, version: ProtocolVersion, onEvent: (event: SessionEvent) => void): SimulatedClient {
    const maxInflight = 1 + this.#random.below(15);
    const receiveMaximum = 1 + this.#random.below(20);
    return new SimulatedClient(this.#broker, { clientId, version, maxInflight, receiveMaximum }, onEvent);
  }

  #wildStep(): void {
    const random = this.#random;
    const client = random.pick([this.#publisher, this.#subscriber]);
    if (random.chance(0.02)) this.#break(client);
    else if (random.chance(0.15)) this.#publish();
    this.#step(client, random.chance(0.3));
  }

  #drainStep(): void {
    this.#step(this.#publisher, true);
    this.#step(this.#subscriber, true);
  }

  #step(client: SimulatedClient, owner: boolean): void {
    if (!client.connected) client.connect({ unproven: client === this.#publisher && this.#unproven });
    this.#publisher.collect();
    this.#subscriber.collect();
    client.deliver(this.#random);
    if (owner) this.#ownersAct();
    client.flush();
  }

  #break(client: SimulatedClient): void {
    const { session } = client;
    // a CONNECT without CONNACK may have made another session (R5a)
    if (client === this.#publisher && client.connected && session.limits === undefined) this.#unproven = this.#proofs;
    if (client.connected) client.cut();
    assert.equal(session.credit, 0);
    if (client === this.#subscriber) {
      this.#late.push(...this.#toAccept.filter(({ qos }) => qos === 1).map(({ token }) => token));
      this.#toAccept = this.#toAccept.filter(({ qos }) => qos === 2);
    }
    if (this.#random.chance(0.3) && !this.#lost) {
      client.restart();
      if (client === this.#subscriber) this.#late = [];
      else {
        this.#toRelease = [];
        this.#unproven = this.#proofs;
      }
    }
    if (this.#losses && client === this.#publisher && this.#random.chance(0.3)) this.#broker.lose(client.clientId);
  }

  #publish(): void {
    const { session } = this.#publisher;
    if (session.credit === 0) return;
    const topic = this.#random.pick(TOPICS);
    const qos = topic.startsWith('qos2') ? 2 : topic.startsWith('qos1') ? 1 : 0;
    const next = this.#seq + 1 + (this.#random.chance(0.01) ? this.#random.below(IDS / 2) : 0);
    if (qos > 0 && next - Math.min(next, ...this.#idsInUse.values()) >= IDS) return;
    const n = (this.#published.get(topic) ?? -1) + 1;
    const payload = new TextEncoder().encode(`${next} ${n}`);
    session.publish({ seq: next, topic, payload, qos, retain: false });
    this.#published.set(topic, n);
    if (qos === 0) return;
    this.#seq = next;
    assert.equal(this.#idsInUse.get(next % IDS), undefined, 'no packet id is used again before its completion (R11)');
    this.#idsInUse.set(next % IDS, next);
  }

  #ownersAct(): void {
    const { session } = this.#subscriber;
    const random = this.#random;
    const accepted = takeOne(this.#toAccept, random);
    if (accepted !== undefined) {
      this.#accepted.add(accepted.key);
      session.accept(accepted.token);
    }
    const late = takeOne(this.#late, random);
    if (late !== undefined) session.accept(late);
    const token = takeOne(this.#toComplete, random);
    if (token !== undefined) session.complete(token);
    if (this.#proofs) this.#mark();
    const seq = takeOne(this.#toRelease, random);
    if (seq !== undefined) this.#publisher.session.release(seq);
    if (this.#lost && random.chance(0.3)) {
      this.#lost = false;
      this.#publisher.session.startEpoch('redeliver');
    }
    this.#subscriber.flush();
    this.#publisher.flush();
  }

  #onPublisherEvent(event: SessionEvent): void {
    if (this.#proofs) this.#keepMarker(event);
    if (event.type === 'received') this.#toRelease.push(event.seq);
    else if (event.type === 'delivered') this.#idsInUse.delete(event.seq % IDS);
    else if (event.type === 'session-lost') {
      assert.ok(this.#losses, 'no session is lost by itself');
      this.#lost = true;
    } else assert.notEqual(event.type, 'refused');
  }

  /** A marker is spent when it is used, and known again when the server has granted another. */
  #keepMarker(event: SessionEvent): void {
    if (event.type === 'connected') {
      this.#marking = false;
      this.#unproven &&= event.sessionPresent;
      // a session that is fresh without a loss to tell has no marker either
      if (!event.sessionPresent) this.#marker = undefined;
    } else if (event.type === 'subscribed') this.#marker = `marker/${this.#markers}`;
    else if (event.type === 'session-unproven') this.#prove();
    else if (event.type === 'session-proven' || event.type === 'session-lost') this.#unproven = false;
    if (event.type === 'session-lost') this.#marker = undefined;
  }

  #prove(): void {
    const { session } = this.#publisher;
    if (this.#marker === undefined) {
      this.#unproven = false;
      session.trust();
      return;
    }
    session.prove({ held: [this.#marker], gone: [] });
    this.#marker = undefined;
    assert.equal(session.credit, 0, 'nothing goes out before the proof');
  }

  #mark(): void {
    const { session } = this.#publisher;
    if (this.#marking || this.#marker !== undefined || session.credit === 0) return;
    this.#marking = true;
    this.#markers += 1;
    session.subscribe([{ filter: `marker/${this.#markers}`, qos: 0 }]);
  }

  #onSubscriberEvent(event: SessionEvent): void {
    if (event.type === 'connected' && !this.#subscribed) this.#subscriber.session.subscribe([{ filter: '#', qos: 2 }]);
    else if (event.type === 'subscribed') this.#subscribed = true;
    else if (event.type === 'release') this.#toComplete.push(event.token);
    else if (event.type === 'message') {
      const { topic, payload, qos, token } = event;
      this.#arrived.set(topic, [...(this.#arrived.get(topic) ?? []), numberOf(payload)]);
      if (qos > 0) this.#toAccept.push({ token, key: keyOf(topic, payload), qos });
    } else if (event.type === 'session-suspect') {
      // R2b: by the ids that count anew a loss shows whose CONNACK was lost
      assert.ok(this.#losses, 'a session that is kept is not suspect');
    }
  }

  #check(): void {
    for (const [topic, last] of this.#published) {
      const arrived = this.#arrived.get(topic) ?? [];
      const first = [...new Set(arrived)];
      assert.deepEqual(
        first,
        [...first].sort((a, b) => a - b),
        `${topic}: first deliveries in order`,
      );
      if (topic.startsWith('qos0')) assert.deepEqual(arrived, first, 'QoS 0 at most once');
      else assert.deepEqual(first.length, last + 1, `${topic}: nothing lost`);
      if (topic.startsWith('qos2') && !this.#losses) assert.deepEqual(arrived, first, `${topic}: exactly once`);
    }
  }
}

function takeOne<T>(items: T[], random: SeededRandom): T | undefined {
  return items.splice(random.below(items.length), 1)[0];
}

function keyOf(topic: string, payload: Uint8Array): string {
  return `${topic} ${numberOf(payload)}`;
}

function numberOf(payload: Uint8Array): number {
  return Number(new TextDecoder().decode(payload).split(' ')[1]);
}
