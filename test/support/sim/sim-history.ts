import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { SeededRandom } from '../seeded-random.js';
import { SimBroker, type SimBrokerWatcher } from './sim-broker.js';
import { SimProcess } from './sim-job.js';
import { SimOracle } from './sim-oracle.js';
import { isLetter, isRefused, pipelineOf, SINK_PORT, SOURCE_CLIENT, SOURCE_PORT } from './sim-pipeline.js';
import {
  type PacketMark,
  type Side,
  type SimFamily,
  type SimFault,
  type SimFaultKind,
  type SimPlan,
  simPlan,
} from './sim-plan.js';
import { SimTakeovers } from './sim-takeovers.js';
import { isTimed } from './sim-time.js';
import type { SimTimed } from './sim-time-oracle.js';
import { SimWorld } from './sim-world.js';

/** What a history came to. */
export interface SimOutcome {
  readonly plan: SimPlan;
  /** Empty when all is well. */
  readonly verdicts: readonly string[];
  readonly fired: readonly SimFaultKind[];
  readonly duplicates: number;
  /** Dead letters that arrived. */
  readonly letters: number;
  /** What came of windows and timers. */
  readonly timed: SimTimed;
  /** How often a process was started. */
  readonly starts: number;
  /** How often a function failed the job. */
  readonly failures: number;
  readonly commits: number;
  readonly virtualMs: number;
  /** What happened, a line each, when it was asked for. */
  readonly log: readonly string[];
}

/** How long everything may take once nothing goes wrong any more. */
const HEALING_MS = 400_000;
/** Afterwards, late doubles have their chance. */
const AFTERMATH_MS = 3000;
const RETRY_FAULT_MS = 5;
/** Messages that come before a takeover. */
const AT_ONCE = 4;
/** Above it something turns without end. */
const MOST_EVENTS = 200_000;
const PROVOKE_MS = 100;
/** A packet that has not come by then does not come in this history. */
const GIVE_UP_MS = 2000;
/** Of a message whose copies the job can tell. */
const COPY_CHANCE = 0.3;
const FAR = Number.MAX_SAFE_INTEGER;

type PacketFault = Extract<SimFault, { readonly kind: `${string}-at-packet` }>;

const portOf = (side: Side): number => (side === 'source' ? SOURCE_PORT : SINK_PORT);

const connackOf = (side: Side): PacketFault => ({
  kind: 'sever-at-packet',
  side,
  direction: 'out',
  packet: 'connack',
  count: 1,
});

/** One history: messages come, things go wrong, everything heals, and what arrived is judged. */
export class SimHistory {
  readonly #plan: SimPlan;
  readonly world: SimWorld;
  readonly #oracle: SimOracle;
  readonly #brokers: Readonly<Record<Side, SimBroker>>;
  readonly #fired: SimFaultKind[] = [];
  readonly #log: string[] = [];
  readonly #logging: boolean;
  /** Told of each line of the log. */
  onLog: (line: string) => void = () => {};
  #process: SimProcess | undefined;
  /** It was told to stop, and is started again when it has, whether it ends in order or a write of its last commit fails. */
  #stopping: SimProcess | undefined;
  readonly #takeovers: SimTakeovers;
  #starts = 0;
  readonly #armed = new Set<{ readonly fault: PacketFault; left: number }>();
  readonly #pipeline: Pipeline;
  #published = 0;
  /** How often the job has failed because of a lost session. */
  #lossesTold = 0;
  #failures = 0;
  readonly #numbers = new Map<string, number>();

  constructor(plan: SimPlan, { logging = false }: { readonly logging?: boolean } = {}) {
    this.#plan = plan;
    this.#logging = logging;
    this.#pipeline = pipelineOf(plan);
    this.world = new SimWorld(plan.seed);
    this.#oracle = new SimOracle(plan, this.world.disk.view, () => this.world.dateMs);
    const { clock, brokers } = this.world;
    const source = new SimBroker(clock, plan.habits.source, this.#watcher('source'));
    const sink = new SimBroker(clock, plan.habits.sink, this.#watcher('sink'));
    this.#brokers = { source, sink };
    brokers.set(SOURCE_PORT, source);
    brokers.set(SINK_PORT, sink);
    this.#takeovers = new SimTakeovers({
      world: this.world,
      portOf,
      provoke: () => this.#provokeOnce(AT_ONCE),
      start: () => this.#start(),
      say: (text) => this.say(text),
      complain: (text) => this.#oracle.complain(text),
      flaky: plan.flaky,
    });
  }

  async play(): Promise<SimOutcome> {
    const world = this.world;
    world.clock.after(0, () => this.#start());
    world.disk.flaw = this.#plan.diskFlaw;
    if (!this.#plan.early)
      await this.#until(() => this.#process?.running === true, HEALING_MS, 'the job does not start');
    this.#schedule();
    await this.#until(() => this.#over, FAR, 'FAULT DID NOT FIRE');
    this.say('healing');
    await this.#until(() => this.#quiet, world.clock.now + HEALING_MS, 'NOT LIVE');
    await this.#until(() => false, world.clock.now + AFTERMATH_MS, undefined);
    this.#oracle.judge();
    return {
      plan: this.#plan,
      verdicts: this.#oracle.verdicts,
      fired: this.#fired,
      duplicates: this.#oracle.duplicates,
      letters: this.#oracle.letters,
      timed: this.#oracle.time?.counts ?? { windows: 0, late: 0, timers: 0 },
      starts: this.#starts,
      failures: this.#failures,
      commits: world.disk.commits,
      virtualMs: world.clock.now,
      log: this.#log,
    };
  }

  /** Ends early when there is a verdict. */
  async #until(done: () => boolean, untilMs: number, complaint: string | undefined): Promise<void> {
    const { verdicts } = this.#oracle;
    if (verdicts.length > 0) return;
    const tooMuch = this.world.clock.ran + MOST_EVENTS;
    const ended = (): boolean => verdicts.length > 0 || this.world.clock.ran > tooMuch;
    const reached = (await this.world.run(() => ended() || done(), untilMs)) && this.world.clock.ran <= tooMuch;
    if (!reached && complaint !== undefined) this.#oracle.complain(`${complaint}: ${this.#where()}`);
  }

  #start(): void {
    const { onSessionLoss } = this.#plan;
    const policy = onSessionLoss === 'fail' && this.#lossesTold >= 2 ? 'redeliver' : onSessionLoss;
    const plan = policy === onSessionLoss ? this.#plan : { ...this.#plan, onSessionLoss: policy };
    const process = new SimProcess(
      this.world,
      plan,
      plan === this.#plan ? this.#pipeline : pipelineOf(plan),
      this.#starts,
    );
    this.say(`process ${this.#starts} starts`);
    this.#starts += 1;
    this.#process = process;
    this.#takeovers.cancel();
    process.onKilled = () => {
      this.say('process is killed');
      this.world.clock.after(this.world.random.next() * 50, () => this.#start());
    };
    process.onFailed = ({ code }) => this.#handleFailed(process, code, policy);
  }

  /** A session was lost under the policy `fail`: so it is at the next start too, until the operator decides (R17). */
  #handleFailed(process: SimProcess, code: string, policy: SimPlan['onSessionLoss']): void {
    if (code === 'USER_FUNCTION_FAILED' && this.#plan.flaky && process.alive) this.#startAfterFailure(process);
    // a broker that forgets in the very moment in which a session is made is refused as one that keeps none (R5e)
    if (code === 'GUARANTEE_UNSUPPORTED' && this.#oracle.sessionsLost && process.alive) this.#startAnew(process);
    if (code !== 'SESSION_LOST' || policy !== 'fail' || !this.#oracle.sessionsLost || !process.alive) return;
    this.#lossesTold += 1;
    this.say(`SESSION_LOST, for the ${this.#lossesTold}. time`);
    this.#startAnew(process);
  }

  #startAfterFailure(process: SimProcess): void {
    this.#failures += 1;
    this.say(`a function failed, for the ${this.#failures}. time`);
    this.#startAnew(process);
  }

  /** Its supervisor starts it again. */
  #startAnew(process: SimProcess): void {
    process.alive = false;
    this.world.clock.after(10, () => this.#start());
  }

  #schedule(): void {
    const { topics, messages, publishMs, faults } = this.#plan;
    const { clock, random } = this.world;
    for (let topic = 0; topic < topics; topic += 1) {
      for (let count = 0; count < messages; count += 1) {
        clock.after(random.next() * publishMs, () => this.#publish(`t${topic}`));
      }
    }
    for (const { atMs, fault } of faults) clock.after(atMs, () => this.#fire(fault));
  }

  #publish(topic: string): void {
    const n = this.#numbers.get(topic) ?? 0;
    this.#numbers.set(topic, n + 1);
    this.#published += 1;
    const qos = this.#plan.mixed && n % 2 === 1 ? 1 : this.#plan.qos;
    const message = { topic: `in/${topic}`, payload: String(n), qos };
    if (this.#brokers.source.publish(message).includes(SOURCE_CLIENT)) this.#oracle.accepted(topic, n);
    // a publisher that is in doubt sends it once more
    if (this.#plan.kind === 'dedupe' && this.world.random.chance(COPY_CHANCE)) this.#brokers.source.publish(message);
  }

  #fire(fault: SimFault): void {
    if (this.#inflict(fault)) {
      this.#fired.push(fault.kind);
      this.say(`fault ${JSON.stringify(fault)}`);
    } else this.world.clock.after(RETRY_FAULT_MS, () => this.#fire(fault));
  }

  /** False when it cannot hit now. */
  #inflict(fault: SimFault): boolean {
    const { disk, clock } = this.world;
    const process = this.#process;
    switch (fault.kind) {
      case 'kill':
        if (process?.alive !== true) return false;
        process.kill();
        return true;
      case 'kill-at-io':
        return this.#killAtIo(fault.count);
      case 'stop':
        return this.#stop();
      case 'cut':
        return this.#cut(fault.side);
      case 'stall':
        return this.#stall(fault.side, fault.ms);
      case 'broker':
        if (this.#brokers[fault.side].down) return false;
        this.#crash(fault);
        if (fault.connackLost === true) this.#armed.add({ fault: connackOf(fault.side), left: 1 });
        return true;
      case 'slow-disk': {
        disk.speed = { minMs: fault.ms / 2, maxMs: fault.ms };
        clock.after(2 * fault.ms, () => {
          disk.speed = { minMs: 1, maxMs: 5 };
        });
        return true;
      }
      case 'failed-commit':
        disk.failNext();
        this.#provoke(() => disk.failing);
        return true;
      case 'freeze':
        this.#brokers[fault.side].freeze(fault.ms);
        return true;
      case 'sever-at-packet':
      case 'kill-at-packet':
      case 'freeze-at-packet':
      case 'broker-at-packet':
        return this.#arm(fault);
      case 'takeover':
        return this.#takeovers.begin(this.#process, fault);
      case 'pause':
        if (process?.alive !== true) return false;
        clock.spend(fault.ms);
        return true;
    }
  }

  #killAtIo(count: number): boolean {
    const process = this.#process;
    if (process?.alive !== true || process.killAtIo < Number.POSITIVE_INFINITY) return false;
    process.killAtIo = count;
    this.#provoke(() => process.alive);
    return true;
  }

  /** A packet of a new connection is provoked by breaking the old one. */
  #arm(fault: PacketFault): boolean {
    if (this.#process?.alive !== true) return false;
    const armed = { fault, left: fault.count };
    this.#armed.add(armed);
    if (['connect', 'connack', 'unsubscribe', 'unsuback'].includes(fault.packet)) {
      this.#process.kill();
      // below 5.0 nothing is proven by an UNSUBSCRIBE
      this.world.clock.after(GIVE_UP_MS, () => this.#armed.delete(armed));
    }
    this.#provoke(() => this.#armed.has(armed));
    return true;
  }

  #intercept({ side, direction, packet }: Omit<PacketMark, 'count'>): 'sever' | undefined {
    this.say(`${side} broker ${direction === 'in' ? 'takes' : 'sends'} ${packet}`);
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (fault.side !== side || fault.direction !== direction || fault.packet !== packet) continue;
      armed.left -= 1;
      if (armed.left > 0) continue;
      this.#armed.delete(armed);
      this.say(`${fault.kind}: ${side} ${direction} ${packet}`);
      this.world.clock.after(0, () => this.#follow(fault));
      return 'sever';
    }
    return undefined;
  }

  #follow(fault: PacketFault): void {
    if (fault.kind === 'kill-at-packet') this.#process?.kill();
    else if (fault.kind === 'broker-at-packet') this.#crash(fault);
    else if (fault.kind === 'freeze-at-packet') this.#brokers[fault.side].freeze(fault.ms);
  }

  #crash({ side, how, downMs }: Pick<Extract<SimFault, { readonly kind: 'broker' }>, 'side' | 'how' | 'downMs'>): void {
    this.#oracle.broker(side, how);
    this.#brokers[side].crash(how, downMs);
  }

  #stop(): boolean {
    const process = this.#process;
    if (process?.running !== true) return false;
    process.stop();
    this.#stopping = process;
    this.#awaitStop(process);
    return true;
  }

  /** A process that has ended is started again. */
  #awaitStop(process: SimProcess): void {
    const { clock } = this.world;
    if (!process.alive) return;
    if (process.completed || process.failure !== undefined) {
      this.say('process has stopped');
      process.alive = false;
      clock.after(5, () => this.#start());
    } else clock.after(10, () => this.#awaitStop(process));
  }

  #cut(side: Side): boolean {
    const links = this.#links(side);
    if (links.length === 0) return false;
    this.world.random.pick(links).cut();
    return true;
  }

  #stall(side: Side, ms: number): boolean {
    const links = this.#links(side);
    if (links.length === 0) return false;
    const link = this.world.random.pick(links);
    link.stall();
    this.world.clock.after(ms, () => link.resume());
    return true;
  }

  #links(side: Side) {
    return this.world.linksTo(portOf(side));
  }

  #provokeOnce(count: number): void {
    this.#published -= count;
    for (let index = 0; index < count; index += 1) this.#publish('t0');
  }

  /** Messages beyond the plan, for as long as a fault waits for something to happen. */
  #provoke(waits: () => boolean): void {
    this.world.clock.after(PROVOKE_MS, () => {
      if (!waits()) return;
      this.#provokeOnce(1);
      this.#provoke(waits);
    });
  }

  /** All messages are published and all faults have hit. */
  get #over(): boolean {
    const { topics, messages, faults } = this.#plan;
    const armed =
      this.#takeovers.busy ||
      this.#armed.size > 0 ||
      this.world.disk.failing ||
      (this.#process?.killAtIo ?? 0) < Number.POSITIVE_INFINITY;
    return this.#published === topics * messages && this.#fired.length === faults.length && !armed;
  }

  get #quiet(): boolean {
    const { failure } = this.#process ?? {};
    if (this.#process !== this.#stopping && failure !== undefined && this.#process?.alive === true) {
      this.#oracle.complain(`THE JOB FAILED: ${failure.code} ${failure.message}`);
      return true;
    }
    const { source, sink } = this.#brokers;
    return !this.#takeovers.busy && source.idle && sink.idle && this.world.disk.pending === 0 && this.#oracle.satisfied;
  }

  #where(): string {
    const { source, sink } = this.#brokers;
    const process = this.#process;
    return JSON.stringify({
      missing: this.#oracle.missing().slice(0, 5),
      running: process?.running,
      alive: process?.alive,
      failure: process?.failure?.message,
      sourceIdle: source.idle,
      sinkIdle: sink.idle,
      writes: this.world.disk.pending,
      fired: this.#fired.length,
      published: this.#published,
    });
  }

  #watcher(side: Side): SimBrokerWatcher {
    const oracle = this.#oracle;
    return {
      delivered: (message) => {
        this.say(`${side} delivered ${message.topic} ${message.payload}`);
        if (side === 'sink') oracle.delivered(message);
      },
      handedOver: (_, message) => {
        if (side === 'source') oracle.handedOver(message);
      },
      repeated: (_, message) => {
        if (side === 'source') oracle.repeated(message);
      },
      again: ({ topic, payload }) => this.say(`${side} sends a finished message again: ${topic} ${payload}`),
      brokerLost: (_, messages) => {
        if (side === 'source') oracle.brokerLost(messages);
      },
      refusal: (message) => {
        if (side === 'source') return undefined;
        if (isLetter(message)) return undefined;
        oracle.arrived(message);
        if (isTimed(message)) return undefined;
        return this.#plan.refusals && isRefused(Number(message.payload.split(' ')[0])) ? 0x87 : undefined;
      },
      complain: (text) => oracle.complain(`${side} broker: ${text}`),
      intercept: (direction, packet) => this.#intercept({ side, direction, packet }),
    };
  }

  /** Adds a line to the log. */
  say(text: string): void {
    if (!this.#logging) return;
    const line = `${this.world.clock.now.toFixed(2).padStart(10)} ${text}`;
    this.#log.push(line);
    this.onLog(line);
  }
}

/** Plays the history of a seed. */
export function playSeed(
  seed: number,
  family: SimFamily,
  options: { readonly logging?: boolean } = {},
): Promise<SimOutcome> {
  return new SimHistory(simPlan(seed, family, new SeededRandom(seed * 3 + family.length)), options).play();
}
