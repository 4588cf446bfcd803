import assert from 'node:assert/strict';
import type { ConnectOptions, Job, JobOptions, MillraceError, OnError, QualityOfService } from '../../../src/index.js';
import { Engine, type MqttSinkOptions, MqttSinks, MqttSources, Pipeline } from '../../../src/index.js';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../brokers/mosquitto.js';
import { onCleanup } from '../cleanup.js';
import { type MosquittoSub, startMosquittoSub } from '../clients/mosquitto-sub.js';
import { connectPeer, type MqttPeer } from '../clients/mqtt-peer.js';
import { type Delivery, judgeDelivery, type Letter, letterText } from '../delivery-oracle.js';
import { type ChaosProxy, startChaosProxy } from '../proxy/chaos-proxy.js';
import { until } from '../until.js';

/** The brokers that the rig stands between. They may be the same one. */
export interface RigBrokers {
  readonly from: Mosquitto;
  readonly to: Mosquitto;
}

/** What a cell of the fault matrix changes of the common set-up. */
export interface BridgeOptions {
  /** On both hops. Default 1. */
  readonly qos?: QualityOfService;
  /** Default 5. */
  readonly version?: 5 | 4 | 3;
  readonly guarantee?: JobOptions['processingGuarantee'];
  /** Over the quick times of the rig, on each side. */
  readonly sourceConnect?: ConnectOptions;
  /** Of the source. Default `fail`. */
  readonly sourceOnError?: OnError;
  readonly sinkConnect?: ConnectOptions;
  readonly sink?: Partial<MqttSinkOptions<Item>>;
  readonly job?: JobOptions;
  /** Default false: the source keeps its session. */
  readonly forgetSession?: boolean;
  /** Default `tcp`: URLs to use instead of the proxies'. */
  readonly sourceUrl?: string;
  readonly sinkUrl?: string;
}

/** What the rig's pipeline carries. */
export interface Item {
  readonly topic: string;
  readonly text: string;
}

/** A publisher with more than 20 at QoS 2 under way is thrown out by mosquitto, and MQTT.js loses messages then. */
const PUBLISHER_WINDOW = { 0: 500, 1: 500, 2: 16 } as const;

let runs = 0;

/** Two brokers for the cells of a file. */
export async function startRigBrokers(options: MosquittoOptions = {}): Promise<RigBrokers> {
  const [from, to] = await Promise.all([startMosquitto(options), startMosquitto(options)]);
  return { from, to };
}

/** Ends both. */
export async function stopRigBrokers({ from, to }: RigBrokers): Promise<void> {
  await Promise.all([from.stop(), to.stop()]);
}

/** Reconnects at once, so that a cell takes no longer than its fault. */
export const QUICK: ConnectOptions = { reconnectPeriod: 20, maxReconnectPeriod: 200 };

/**
 * Publisher → broker → proxy → job (source, map, sink) → proxy → broker → verifier. Resolves when the job runs.
 * The names of topics and clients are the rig's own, so that many can use one pair of brokers.
 */
export async function startBridge(brokers: RigBrokers, options: BridgeOptions = {}): Promise<BridgeRig> {
  const rig = await BridgeRig.open(brokers, options);
  await rig.running();
  return rig;
}

/** The common set-up of the fault matrix, and its oracle. */
export class BridgeRig implements AsyncDisposable {
  readonly run: string;
  readonly clientId: string;
  readonly brokers: RigBrokers;
  /** Between the broker and the source. */
  readonly source: ChaosProxy;
  /** Between the sink and the broker. */
  readonly sink: ChaosProxy;
  readonly witness: MosquittoSub;
  readonly sent: Letter[] = [];
  readonly #options: BridgeOptions;
  readonly #publisher: MqttPeer;
  readonly #engine = Engine.embedded();
  #job: Job | undefined;
  #failure: MillraceError | undefined;

  private constructor(
    parts: {
      run: string;
      brokers: RigBrokers;
      source: ChaosProxy;
      sink: ChaosProxy;
      witness: MosquittoSub;
      publisher: MqttPeer;
    },
    options: BridgeOptions,
  ) {
    this.run = parts.run;
    this.clientId = `rig-${parts.run}`;
    this.brokers = parts.brokers;
    this.source = parts.source;
    this.sink = parts.sink;
    this.witness = parts.witness;
    this.#publisher = parts.publisher;
    this.#options = options;
    onCleanup(() => this.close());
  }

  /** Everything but the job. */
  static async open(brokers: RigBrokers, options: BridgeOptions): Promise<BridgeRig> {
    runs += 1;
    const run = `${process.pid}-${runs}`;
    const [source, sink, witness, publisher] = await Promise.all([
      startChaosProxy({ to: brokers.from }),
      startChaosProxy({ to: brokers.to }),
      // With a session of its own it outlives a restart of its broker too.
      startMosquittoSub({ port: brokers.to.port, topic: `${run}/out/#`, clientId: `witness-${run}` }),
      connectPeer(brokers.from.port, { reconnectPeriod: 50 }),
    ]);
    return new BridgeRig({ run, brokers, source, sink, witness, publisher }, options);
  }

  get job(): Job {
    if (this.#job === undefined) throw new Error('the job was not started');
    return this.#job;
  }

  /** The error that failed the job. */
  get failure(): MillraceError | undefined {
    return this.#failure;
  }

  /** Starts the job. Resolves when it runs. */
  async running(): Promise<void> {
    await this.start().whenRunning();
  }

  /** Starts the job and does not wait. */
  start(): Job {
    const job = this.#engine.newJob(this.#pipeline(), {
      name: this.clientId,
      drainTimeoutMs: 3_000,
      ...(this.#options.guarantee === undefined ? {} : { processingGuarantee: this.#options.guarantee }),
      ...this.#options.job,
    });
    job.join().catch((error: MillraceError) => {
      this.#failure = error;
    });
    this.#job = job;
    return job;
  }

  /** Publishes the next `count` messages, spread over the topics, at the rig's QoS; resolves when the broker has them. */
  async publish(count: number, topics: readonly string[] = ['a', 'b', 'c']): Promise<void> {
    const letters = this.#letters(count, topics);
    const qos = this.#options.qos ?? 1;
    const send = ({ topic, text }: Letter) => this.#publisher.publish(`${this.run}/in/${topic}`, text, { qos });
    const window = PUBLISHER_WINDOW[qos];
    for (let at = 0; at < letters.length; at += window) await Promise.all(letters.slice(at, at + window).map(send));
  }

  /** A value of the job's metrics, summed over its labels; of one `side` when told. */
  metric(name: string, side?: 'source' | 'sink'): number {
    const samples = this.job.metrics().samples.filter((sample) => sample.name === name);
    const chosen = samples.filter(({ labels }) => side === undefined || JSON.stringify(labels).includes(side));
    return chosen.reduce((sum, { value }) => sum + (typeof value === 'number' ? value : 0), 0);
  }

  /** Waits until all that was sent is seen and nothing is in flight (LIVE), then until nothing more comes; gives the verdict. */
  async settle(): Promise<Delivery> {
    const distinct = () => new Set(this.witness.texts).size;
    await until(() => distinct() >= this.sent.length || this.#failure !== undefined, {
      what: () => `${this.sent.length} messages at the witness, has ${distinct()}; ${this.describe()}`,
    });
    if (this.#failure !== undefined) throw this.#failure;
    await until(() => this.idle, { what: () => `nothing in flight; ${this.describe()}` });
    await this.witness.untilQuiet(150);
    return this.verdict();
  }

  /** True when nothing is in flight anywhere. */
  get idle(): boolean {
    const { itemsInFlight, itemsWaiting } = this.job.metrics();
    return (
      itemsInFlight + itemsWaiting + this.metric('millrace_sink_inflight') + this.metric('millrace_sink_buffered') === 0
    );
  }

  verdict(): Delivery {
    const prefix = `${this.run}/out/`;
    const seen = this.witness.messages.map(({ topic, text }) => ({ topic: topic.slice(prefix.length), text }));
    return judgeDelivery(this.#inOrderOfBroker(), seen);
  }

  /** For the errors of a test. */
  describe(): string {
    const { samples, ...job } = this.#job?.metrics() ?? { samples: [] };
    const counts = `${this.source.connections} source and ${this.sink.connections} sink connections`;
    return `${this.#job?.status} ${this.#failure?.message ?? ''} ${JSON.stringify(job)} ${counts}`;
  }

  async close(): Promise<void> {
    if (this.#job !== undefined) await this.#job.cancel();
    await Promise.all([this.#publisher.close(), this.witness.close(), this.source.close(), this.sink.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * What was sent, in the order in which the source's broker first gave it: that is the order to be kept. With more than its
   * window unfinished, mosquitto 2.0.11 lets a new message overtake those that wait in its queue. What did not pass the
   * proxy, or passed unseen, stays at the end, as it was sent.
   */
  #inOrderOfBroker(): Letter[] {
    const given = new Map<string, number>();
    for (const { bytes } of this.source.frames('server', 'publish')) {
      const frame = Buffer.from(bytes).toString('latin1');
      const text = frame.slice(frame.lastIndexOf(`${this.run}/`));
      if (!given.has(text)) given.set(text, given.size);
    }
    const placeOf = ({ text }: Letter) => given.get(text) ?? given.size;
    return [...this.sent].sort((a, b) => placeOf(a) - placeOf(b));
  }

  #letters(count: number, topics: readonly string[]): Letter[] {
    const letters = Array.from({ length: count }, (_, index) => {
      const topic = topics[index % topics.length] ?? 'a';
      return { topic, text: letterText(`${this.run}/${topic}`, this.sent.length + index) };
    });
    this.sent.push(...letters);
    return letters;
  }

  #pipeline(): Pipeline {
    const { qos = 1, version = 5, forgetSession = false } = this.#options;
    const prefix = `${this.run}/in/`;
    const common = { ...QUICK, protocolVersion: version };
    const source = MqttSources.builder()
      .clientId(this.clientId)
      .broker(this.#options.sourceUrl ?? this.source.url)
      .topic(`${prefix}#`)
      .qualityOfService(qos)
      .keepSession(!forgetSession)
      .connectOptionsFn(() => ({ ...common, ...this.#options.sourceConnect }))
      .onError(this.#options.sourceOnError ?? 'fail')
      .mapToItemFn((topic, message): Item => ({ topic: topic.slice(prefix.length), text: message.toString() }))
      .build();
    const sink = MqttSinks.builder<Item>({
      clientId: this.clientId,
      broker: this.#options.sinkUrl ?? this.sink.url,
      connectOptionsFn: () => ({ ...common, ...this.#options.sinkConnect }),
      messageFn: ({ topic, text }) => ({ topic: `${this.run}/out/${topic}`, payload: text, qos }),
      ...this.#options.sink,
    }).build();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source)
      .map((item) => item)
      .writeTo(sink);
    return pipeline;
  }
}

/** Nothing lost, nothing made up, in order; with `once`, nothing twice either. */
export function assertSound(delivery: Delivery, { once }: { readonly once: boolean }): void {
  const { duplicates, ...rest } = delivery;
  assert.deepEqual(rest, { lost: [], phantoms: [], disordered: [] });
  if (once) assert.equal(duplicates, 0);
}
