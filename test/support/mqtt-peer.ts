import { connectAsync, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { onCleanup } from './cleanup.js';

/** MQTT.js as an independent publisher. */
export interface MqttPeer extends AsyncDisposable {
  readonly client: MqttClient;
  publish(topic: string, payload: string | Buffer, options?: IClientPublishOptions): Promise<void>;
  /** In order, each acknowledged by the broker before this resolves. */
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
    await Promise.all(payloads.map((payload) => publish(topic, payload, how)));
  };
  return { client, publish, publishAll, close, [Symbol.asyncDispose]: close };
}
