import { type Mosquitto, startMosquitto } from '../brokers/mosquitto.js';
import { connectPeer } from '../clients/mqtt-peer.js';

/** What comes to the topic `out`, as it comes. */
export async function watchOut(broker: Mosquitto): Promise<readonly string[]> {
  const seen: string[] = [];
  const witness = await connectPeer(broker.port, { clientId: 'witness', clean: false });
  witness.client.on('message', (_, payload) => void seen.push(payload.toString()));
  await witness.client.subscribeAsync('out', { qos: 2 });
  return seen;
}

/** A broker for a job from `in/+` to `out`, who sends to it, and what came out. */
export class BrokerEnds {
  readonly broker: Mosquitto;
  readonly seen: readonly string[];
  readonly #publisher: Awaited<ReturnType<typeof connectPeer>>;

  private constructor(broker: Mosquitto, publisher: Awaited<ReturnType<typeof connectPeer>>, seen: readonly string[]) {
    this.broker = broker;
    this.seen = seen;
    this.#publisher = publisher;
  }

  static async start(): Promise<BrokerEnds> {
    const broker = await startMosquitto();
    const publisher = await connectPeer(broker.port, { clientId: 'publisher' });
    return new BrokerEnds(broker, publisher, await watchOut(broker));
  }

  /** At QoS 2; resolves when the broker has all of them. */
  async publish(topic: string, payloads: readonly string[]): Promise<void> {
    await this.#publisher.publishAll(topic, payloads, { qos: 2 });
  }

  /** What is told in each round, to the topic of each device. */
  async publishRounds(devices: number, payloads: readonly string[]): Promise<void> {
    for (const payload of payloads)
      for (let device = 0; device < devices; device += 1) await this.publish(`in/${device}`, [payload]);
  }
}
