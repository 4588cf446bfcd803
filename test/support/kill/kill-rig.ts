import type { Child, Exit } from '../child-process.js';
import { onCleanup } from '../cleanup.js';
import { type MosquittoSub, type SeenMessage, startMosquittoSub } from '../clients/mosquitto-sub.js';
import { startMqttJsSub } from '../clients/mqttjs-sub.js';
import { type Delivery, judgeDelivery, type Letter } from '../delivery-oracle.js';
import { PATIENCE_MS } from '../limits.js';
import { type ChaosProxy, startChaosProxy } from '../proxy/chaos-proxy.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';
import type { KillBroker } from './kill-brokers.js';
import { launch, type Wrap } from './kill-launch.js';
import { KillLoad } from './kill-load.js';
import type { BridgeSystem, Endpoints } from './kill-system.js';

/** What a run is made of. */
export interface KillRun {
  readonly system: BridgeSystem;
  readonly from: KillBroker;
  readonly to: KillBroker;
  /** Default false. True: a proxy stands before each broker. */
  readonly proxied?: boolean;
  /** Topics of the load. Default three. */
  readonly topics?: readonly string[];
  /** Bytes of padding in each message. Default none. */
  readonly padding?: number;
  /** Who counts what arrives. Default mosquitto's own client; MQTT.js where the broker that is written to is restarted. */
  readonly verifier?: 'mosquitto' | 'mqttjs';
  /** The directory of the store. Default: a new one, removed at the end. */
  readonly dir?: string;
}

/** What a run came to. */
export interface KillReport extends Delivery {
  /** As the verifier printed them. */
  readonly messages: readonly SeenMessage[];
  readonly sent: number;
  readonly seen: number;
  /** From each fault to the next message that the verifier saw, the start of the new process included. */
  readonly recoveriesMs: readonly number[];
}

/** A system that has lost messages is not waited for any longer when nothing has come for so long. */
const GIVE_UP_MS = PATIENCE_MS / 2;
/** A copy would come sooner. */
const QUIET_MS = 250;

/**
 * A machine that is slower than the load is not to gather a larger backlog for the end: mosquitto 2.0.11 sends all of it beyond its
 * window, and walks through the list of it at each packet.
 */
const MOST_BEHIND = 1_000;
const DRAINING_MS = 300;

let runs = 0;

/** Publisher → broker → system under test (a process) → broker → verifier; publisher and verifier are mosquitto's own. */
export class KillRig implements AsyncDisposable {
  readonly run: KillRun;
  readonly ends: Endpoints;
  readonly load: KillLoad;
  readonly verifier: MosquittoSub;
  readonly proxies: { readonly from: ChaosProxy; readonly to: ChaosProxy } | undefined;
  readonly #recoveriesMs: number[] = [];
  readonly #pending: Promise<unknown>[] = [];
  /** Messages of the verifier that are in `#distinct`. */
  #counted = 0;
  readonly #distinct = new Set<string>();
  #progressAt = 0;
  #system: BridgeSystem;
  #process: Child | undefined;

  private constructor(
    run: KillRun,
    parts: { ends: Endpoints; load: KillLoad; verifier: MosquittoSub; proxies: KillRig['proxies'] },
  ) {
    this.run = run;
    this.#system = run.system;
    this.ends = parts.ends;
    this.load = parts.load;
    this.verifier = parts.verifier;
    this.proxies = parts.proxies;
  }

  /** Everything but the system under test. */
  static async open(run: KillRun): Promise<KillRig> {
    runs += 1;
    const prefix = `kill-${process.pid}-${runs}`;
    const { from, to, topics, padding } = run;
    const proxies =
      run.proxied === true
        ? {
            from: await startChaosProxy({ to: from.mosquitto }),
            to: await startChaosProxy({ to: to.mosquitto }),
          }
        : undefined;
    const ends = {
      fromUrl: proxies?.from.url ?? from.mosquitto.url,
      toUrl: proxies?.to.url ?? to.mosquitto.url,
      prefix,
      clientId: prefix,
      dir: run.dir ?? tempDir('kill-store'),
    };
    // With a session of its own it outlives a restart of its broker too.
    const [topic, clientId] = [`${prefix}/out/#`, `${prefix}-verifier`];
    const verifier =
      run.verifier === 'mqttjs'
        ? await startMqttJsSub(to.mosquitto.url, clientId, topic)
        : await startMosquittoSub({ port: to.mosquitto.port, topic, clientId });
    const load = new KillLoad({
      port: from.mosquitto.port,
      prefix,
      qos: run.system.qos,
      ...(topics === undefined ? {} : { topics }),
      ...(padding === undefined ? {} : { padding }),
    });
    const rig = new KillRig(run, { ends, load, verifier, proxies });
    onCleanup(() => rig[Symbol.asyncDispose]());
    return rig;
  }

  /** The process that was started last. */
  get process(): Child {
    if (this.#process === undefined) throw new Error('the system under test was not started');
    return this.#process;
  }

  /** Starts the system and does not wait. */
  async spawn(wrap?: Wrap): Promise<Child> {
    this.#process = launch(await this.#system.launch(this.ends), wrap);
    return this.#process;
  }

  /** Starts the system. Resolves when it runs. */
  async start(wrap?: Wrap): Promise<Child> {
    const child = await this.spawn(wrap);
    await this.running();
    return child;
  }

  /** From now on another system, or the same one told otherwise, runs in the place of this one. */
  change(system: BridgeSystem): void {
    this.#system = system;
  }

  /** Resolves when the process says that it runs. */
  async running(): Promise<void> {
    await this.process.waitForLine(/RUNNING/);
  }

  /** Whether the process has said that it runs. */
  get ran(): boolean {
    return [...this.process.stdout, ...this.process.stderr].some((line) => /RUNNING/.test(line));
  }

  /** SIGKILL. Rejects when the process had ended by itself. */
  async kill(): Promise<void> {
    const exit = await this.process.end('SIGKILL');
    if (exit.signal !== 'SIGKILL') throw new Error(`ended by itself (${exit.code}): ${this.tail()}`);
  }

  /** Ends the system in order. */
  end(): Promise<Exit> {
    return this.process.end('SIGTERM');
  }

  /**
   * Measures from now to the first message that the verifier sees after `back` (the new process runs, the broker is back):
   * what comes before may still be of the time before the fault. A fault that is followed by the next one is not measured.
   */
  clockRecovery(back: Promise<unknown>): void {
    const from = performance.now();
    const measure = async () => {
      await back;
      const seen = this.verifier.messages.length;
      await until(() => this.verifier.messages.length > seen, { intervalMs: 1 });
      this.#recoveriesMs.push(performance.now() - from);
    };
    this.#pending.push(measure().catch(() => {}));
  }

  /** Resolves when the verifier has seen `count` more messages. */
  async untilMore(count: number): Promise<void> {
    await this.verifier.untilCount(this.verifier.messages.length + count);
  }

  /** Waits until all that was sent was seen, or nothing comes any more, and then nothing more comes; judges. */
  async settle(): Promise<KillReport> {
    await this.load.settle();
    const { verifier } = this;
    for (let seen = -1; !this.complete && seen !== verifier.messages.length; ) {
      seen = verifier.messages.length;
      const progress = () => this.complete || verifier.messages.length > seen;
      await until(progress, { timeoutMs: GIVE_UP_MS }).catch(() => {});
    }
    await verifier.untilQuiet(QUIET_MS);
    await Promise.all(this.#pending);
    return this.report();
  }

  /** Messages that were sent and not seen. */
  get behind(): number {
    this.#count();
    return this.load.sent.length - this.#distinct.size;
  }

  /**
   * True while there is a backlog that will come. Where messages may be lost, it is one only while messages keep coming: what was
   * lost does not count for ever.
   */
  get draining(): boolean {
    if (this.behind <= MOST_BEHIND) return false;
    return this.#system.promise > 0 || performance.now() - this.#progressAt < DRAINING_MS;
  }

  /** True when the verifier has seen all that was sent, and what else is to come of it. */
  get complete(): boolean {
    return this.behind <= 0 && this.#system.owes?.(this.verifier.messages) !== true;
  }

  report(): KillReport {
    const seen = this.verifier.messages.flatMap((message) => this.#letter(message) ?? []);
    return {
      ...judgeDelivery(this.load.sent, seen),
      messages: this.verifier.messages,
      sent: this.load.sent.length,
      seen: seen.length,
      recoveriesMs: this.#recoveriesMs,
    };
  }

  /** The last lines of the system, for errors. */
  tail(): string {
    return [...(this.#process?.stdout ?? []), ...(this.#process?.stderr ?? [])].slice(-15).join('\n');
  }

  #count(): void {
    const { messages } = this.verifier;
    if (this.#counted < messages.length) this.#progressAt = performance.now();
    for (const message of messages.slice(this.#counted)) {
      const letter = this.#letter(message);
      if (letter !== undefined) this.#distinct.add(letter.text);
    }
    this.#counted = messages.length;
  }

  /** What was sent, of what came out; undefined for what is no such message. */
  #letter({ topic, text }: SeenMessage): Letter | undefined {
    const below = topic.slice(`${this.ends.prefix}/out/`.length);
    if (this.#system.isLetter?.(below) === false) return undefined;
    return { topic: below, text: this.#system.letterOf?.(text) ?? text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.end('SIGKILL');
    await this.load[Symbol.asyncDispose]();
    await this.verifier.close();
    await Promise.all([this.proxies?.from.close(), this.proxies?.to.close()]);
  }
}
