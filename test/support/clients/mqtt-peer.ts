import { connectAsync, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { onCleanup } from '../cleanup.js';

/** mosquitto 2.0.11 refuses a 21st QoS 2 message and closes the connection; MQTT.js knows no window on 3.1.1. */
const IN_FLIGHT = 20;

/** MQTT.js as an independent publisher. */
export interface MqttPeer extends AsyncDisposable {
  readonly client: MqttClient;
  publish(topic: string, payload: string | Buffer, options?: IClientPublishOptions): Promise<void>;
  /** In order; resolves when the broker has acknowledged all. */
  publishAll(topic: string, payloads: readonly string[], options?: IClientPublishOptions): Promise<void>;
  close(): Promise<void>;
}

/** Connects; it ends with the test file at the latest. */
export async function connectPeer(port: number, options: IClientOptions = {}): Promise<MqttPeer> {
  const client = await connectAsync({ host: '127.0.0.1', port, protocol: 'mqtt', reconnectPeriod: 0, ...options });
  const close = () => client.endAsync();
  onCleanup(close);
  const publish = async (topic: string, payload: string | Buffer, how: IClientPublishOptions = { qos: 1 }) => {
    await client.publishAsync(topic, payload, how);
  };
  const publishAll = async (topic: string, payloads: readonly string[], how?: IClientPublishOptions) => {
    for (let from = 0; from < payloads.length; from += IN_FLIGHT) {
      await Promise.all(payloads.slice(from, from + IN_FLIGHT).map((payload) => publish(topic, payload, how)));
    }
  };
  return { client, publish, publishAll, close, [Symbol.asyncDispose]: close };
}
