import type { StoreView } from '../../../src/store/store.js';
import type { BrokerCrash } from './sim-broker.js';
import type { SimMessage } from './sim-broker-session.js';
import { COUNT_CODEC, copiesOf, isLetter, isPoison, isRefused, REFUSED_TOPIC, STATE_STAGE } from './sim-pipeline.js';
import type { Side, SimPlan } from './sim-plan.js';
import { isTimed, type SimTime } from './sim-time.js';
import { SimTimeOracle } from './sim-time-oracle.js';

/** Version of the codec, which stands before what it made. */
const HEADER_BYTES = 2;

/** One for those of the source, one for those of the sink. */
const LETTER_CLIENTS = 2;

interface Output {
  readonly n: number;
  readonly count: number;
  readonly copy: number;
}

/** What became of one topic. */
class TopicFate {
  /** Messages that the broker took for our session, in order; not those of which the source can make nothing. */
  readonly accepted: number[] = [];
  readonly poison: number[] = [];
  /** Of these, the broker lost some itself, with the session. */
  readonly brokerLost = new Set<number>();
  /** Messages that the broker of the source sends as if they were new, although it had our acknowledgement. */
  readonly repeated: number[] = [];
  /** What arrived, by its key. */
  readonly arrived = new Set<string>();
  last: Output | undefined;
  /** What arrived as a dead letter: a poisoned message by its number, a refused output by its key. */
  readonly letters = new Set<string>();
}

/** Which message of its topic it is for the state: what the broker has lost or sends twice may count or not. */
function rankOf(
  { accepted, brokerLost, repeated }: TopicFate,
  n: number,
): { readonly least: number; readonly most: number } {
  const before = accepted.slice(0, accepted.indexOf(n));
  if (repeated.includes(n)) return { least: 1, most: accepted.length + repeated.length };
  return {
    least: 1 + before.filter((other) => !brokerLost.has(other)).length,
    most: 1 + before.length + repeated.length,
  };
}

const keyOf = ({ n, copy }: Pick<Output, 'n' | 'copy'>): string => `${n}/${copy}`;

/** What a dead letter is about: below 5.0 it is in a JSON text. */
function letterOf(payload: string, about: string | undefined): { readonly topic: string; readonly payload: string } {
  const told: { readonly topic: string; readonly payload: string } =
    about === undefined ? JSON.parse(payload) : { topic: about, payload };
  const topic = told.topic.replace(/^(in|out)\//, '');
  return { topic, payload: about === undefined ? Buffer.from(told.payload, 'base64').toString() : told.payload };
}

/**
 * Knows what was sent and what arrived, and judges: LOST, DUPLICATED, OUT OF ORDER, PHANTOM (nothing that was to be), ACKNOWLEDGED BUT NOT
 * DURABLE, and what a broker complains of.
 */
export class SimOracle {
  readonly #plan: SimPlan;
  readonly #view: StoreView;
  readonly #topics = new Map<string, TopicFate>();
  /** Undefined: nothing happens because of time. */
  readonly time: SimTimeOracle | undefined;
  /** A session of the sink was lost: what was in doubt may come twice, or not at all. */
  #sinkLosses = 0;
  /** A broker has forgotten its sessions. */
  sessionsLost = false;
  duplicates = 0;
  /** Dead letters that arrived. */
  letters = 0;
  readonly verdicts: string[] = [];
  /** Undefined: something has come since it was looked at. It is asked for at each step of a world. */
  #missing: readonly string[] | undefined;

  /** @param now milliseconds since 1970, in the world */
  constructor(plan: SimPlan, view: StoreView, now: () => number) {
    this.#plan = plan;
    this.#view = view;
    this.time = plan.time && this.#timeOracle(plan.time, now);
  }

  complain(text: string): void {
    this.verdicts.push(text);
  }

  /** The broker of the source has it for our session. */
  accepted(topic: string, n: number): void {
    this.#missing = undefined;
    const { accepted, poison } = this.#fate(topic);
    if (isPoison(this.#plan, n)) poison.push(n);
    else {
      accepted.push(n);
      this.time?.accepted(topic, n);
    }
  }

  /** The broker of the source has an acknowledgement for it. */
  handedOver({ topic, payload }: SimMessage): void {
    const name = topic.slice('in/'.length);
    // the one may be stored and not counted yet, the other is never counted: that nothing of them is lost shows in what arrives
    if (this.#plan.kind === 'async' || isPoison(this.#plan, Number(payload))) return;
    const { least } = rankOf(this.#fate(name), Number(payload));
    if (this.durableCount(name) < least) this.complain(`ACKNOWLEDGED BUT NOT DURABLE: ${topic} ${payload}`);
  }

  /** The broker of the source lost them. */
  brokerLost(messages: readonly SimMessage[]): void {
    this.#missing = undefined;
    for (const { topic, payload } of messages) this.#fate(topic.slice('in/'.length)).brokerLost.add(Number(payload));
  }

  /** The broker of the source sends it again as if it were new. */
  repeated({ topic, payload }: SimMessage): void {
    this.#missing = undefined;
    this.#fate(topic.slice('in/'.length)).repeated.push(Number(payload));
  }

  broker(side: Side, how: BrokerCrash): void {
    if (how !== 'forget') return;
    this.sessionsLost = true;
    if (side === 'sink') this.#sinkLosses += 1;
  }

  /** The broker of the sink has it from us: what it came from must be durable by then (Invariant 1, R7). */
  arrived(message: SimMessage): void {
    const { topic, payload } = message;
    if (isTimed(message)) {
      this.#timedArrived(message);
      return;
    }
    const [, count = 0] = payload.split(' ').map(Number);
    if (this.durableCount(topic.slice('out/'.length)) < count)
      this.complain(`LEFT BEFORE IT WAS DURABLE: ${topic} ${payload}`);
  }

  #timedArrived(message: SimMessage): void {
    const topic = message.topic.slice(message.topic.indexOf('/') + 1);
    const fate = this.#fate(topic);
    const least = Math.max(...SimTimeOracle.numbersOf(message).map((n) => rankOf(fate, n).least));
    if (this.durableCount(topic) < least)
      this.complain(`LEFT BEFORE IT WAS DURABLE: ${message.topic} ${message.payload}`);
  }

  /** The broker of the sink passed it on. */
  delivered(message: SimMessage): void {
    this.#missing = undefined;
    if (isLetter(message)) this.#letter(message);
    else if (isTimed(message)) this.time?.delivered(message);
    else this.#output(message);
  }

  #output({ topic, payload }: SimMessage): void {
    const name = topic.slice('out/'.length);
    const fate = this.#fate(name);
    const [n = -1, count = -1, copy = -1] = payload.split(' ').map(Number);
    const output = { n, count, copy };
    const key = keyOf(output);
    const { copies, guarantee } = this.#plan;
    if (!topic.startsWith('out/') || !fate.accepted.includes(n) || copy < 0 || copy >= copiesOf(n, copies)) {
      this.complain(`PHANTOM: ${topic} ${payload}`);
    }
    if (this.#plan.refusals && isRefused(n)) this.complain(`PHANTOM, it was refused: ${topic} ${payload}`);
    const seen = fate.arrived.has(key);
    if (seen) this.#doubled(`${topic} ${payload}`, fate.repeated.includes(n));
    const { last } = fate;
    const behind = last !== undefined && (n < last.n || (n === last.n && copy < last.copy));
    if (behind && !seen && !this.#inDoubt)
      this.complain(`OUT OF ORDER: ${topic} ${payload} after ${last.n} ${last.count} ${last.copy}`);
    const { least, most } = rankOf(fate, n);
    if (guarantee === 'exactly-once' && (count < least || count > most)) {
      this.complain(
        `COUNTED WRONG: ${topic} ${payload}, it is number ${least === most ? most : `${least} to ${most}`}`,
      );
    }
    fate.arrived.add(key);
    fate.last = output;
  }

  #letter({ topic, payload, about }: SimMessage): void {
    const letter = letterOf(payload, about);
    const fate = this.#fate(letter.topic);
    const [n = -1, , copy = -1] = letter.payload.split(' ').map(Number);
    const refused = topic === REFUSED_TOPIC;
    const key = refused ? keyOf({ n, copy }) : String(n);
    const due = refused
      ? this.#buriesRefused && isRefused(n) && fate.accepted.includes(n) && copy < copiesOf(n, this.#plan.copies)
      : fate.poison.includes(n);
    if (!due) this.complain(`PHANTOM: ${topic} ${letter.topic} ${letter.payload}`);
    if (fate.letters.has(key)) this.#doubled(`${topic} ${letter.topic} ${letter.payload}`, fate.repeated.includes(n));
    fate.letters.add(key);
    this.letters += 1;
  }

  #doubled(what: string, brokersOwn: boolean): void {
    this.duplicates += 1;
    if (!brokersOwn && this.#plan.guarantee === 'exactly-once' && !this.#mayDouble)
      this.complain(`DUPLICATED: ${what}`);
  }

  /** Below 5.0 nothing is refused: what the broker does not want it acknowledges. */
  get #buriesRefused(): boolean {
    return this.#plan.refusals && this.#plan.kind === 'letters' && this.#plan.protocolVersion === 5;
  }

  /** What is owed and not there. */
  missing(): readonly string[] {
    this.#missing ??= this.#look();
    return this.#missing;
  }

  #look(): readonly string[] {
    const missing: string[] = [...(this.time?.missing() ?? [])];
    for (const [topic, { accepted, poison, brokerLost, arrived, letters }] of this.#topics) {
      for (const n of poison) if (!brokerLost.has(n) && !letters.has(String(n))) missing.push(`letter ${topic} ${n}`);
      for (const n of accepted) {
        const refused = this.#plan.refusals && isRefused(n);
        if (brokerLost.has(n) || (refused && !this.#buriesRefused)) continue;
        const there = refused ? letters : arrived;
        for (let copy = 0; copy < copiesOf(n, this.#plan.copies); copy += 1) {
          if (!there.has(keyOf({ n, copy }))) missing.push(`${topic} ${n} ${copy}`);
        }
      }
    }
    return missing;
  }

  /** Everything that must have arrived has. */
  get satisfied(): boolean {
    return this.missing().length <= (this.#mayLose ? this.#mostInDoubt : 0);
  }

  /** When nothing moves any more. */
  judge(): void {
    if (!this.satisfied) this.complain(`LOST: ${this.missing().join(', ')}`);
    if (this.#mayDouble && this.duplicates > this.#mostInDoubt) {
      this.complain(`DUPLICATED: ${this.duplicates}, but at most ${this.#mostInDoubt} were in doubt`);
    }
    if (this.#plan.guarantee !== 'exactly-once') return;
    for (const [topic, { accepted, brokerLost, repeated }] of this.#topics) {
      const count = this.durableCount(topic);
      const least = accepted.filter((n) => !brokerLost.has(n)).length;
      if (count < least || count > accepted.length + repeated.length) {
        this.complain(
          `STATE of ${topic} counts ${count} of ${accepted.length} messages (${brokerLost.size} lost by the broker)`,
        );
      }
    }
  }

  /** Messages of a topic in the durable state. */
  durableCount(topic: string): number {
    const prefix = `state/${STATE_STAGE}/`;
    const bytes = this.#view.get(`${prefix}s${topic}`);
    return bytes === undefined ? 0 : COUNT_CODEC.decode(bytes.subarray(HEADER_BYTES)).count;
  }

  /** For each lost session of the sink: a window that was sent, and one more that stood under the sent mark (R8a). */
  get #mostInDoubt(): number {
    const { kind, maxInflight, parallelism, habits } = this.#plan;
    const clients = parallelism + (kind === 'letters' ? LETTER_CLIENTS : 0) + (this.time === undefined ? 0 : 1);
    const window = Math.min(maxInflight, habits.sink.receiveMaximum ?? maxInflight);
    return this.#sinkLosses * clients * 2 * window;
  }

  #timeOracle(time: SimTime, now: () => number): SimTimeOracle {
    const fates = () => [...this.#topics.values()];
    const lostSome = () => fates().some(({ brokerLost }) => brokerLost.size > 0);
    const isExact = () =>
      this.#plan.guarantee === 'exactly-once' && !lostSome() && fates().every(({ repeated }) => repeated.length === 0);
    return new SimTimeOracle(time, {
      complain: (text) => this.complain(text),
      doubled: (what) => this.#doubled(what, !isExact()),
      isExact,
      isLost: (topic, n) => this.#fate(topic).brokerLost.has(n),
      lostSome,
      inDoubt: () => this.#inDoubt,
      now,
    });
  }

  get #inDoubt(): boolean {
    return this.#sinkLosses > 0 || this.#plan.guarantee !== 'exactly-once';
  }

  get #mayDouble(): boolean {
    return this.#sinkLosses > 0 && this.#plan.onSessionLoss !== 'drop';
  }

  get #mayLose(): boolean {
    return this.#sinkLosses > 0 && this.#plan.onSessionLoss === 'drop';
  }

  #fate(topic: string): TopicFate {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    const fate = new TopicFate();
    this.#topics.set(topic, fate);
    return fate;
  }
}
