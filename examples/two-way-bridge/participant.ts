import { connectAsync } from 'mqtt';

export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
  /** Seconds that are left of its Message Expiry Interval. */
  readonly expiry: number | undefined;
}

/** Somebody at a broker, with another client than ours: zigbee2mqtt at home, an app in the cloud. */
export interface Participant extends AsyncDisposable {
  /** What others have published, in the order in which it came. */
  readonly heard: Heard[];
  say(
    topic: string,
    message: unknown,
    options?: { readonly retain?: boolean; readonly expiry?: number },
  ): Promise<void>;
}

/** @param filters of what is heard, but for what it says itself */
export async function participant(broker: string, ...filters: string[]): Promise<Participant> {
  const heard: Heard[] = [];
  const client = await connectAsync(broker, { protocolVersion: 5 });
  client.on('message', (topic, payload, { retain, properties }) => {
    heard.push({ topic, text: payload.toString(), retain, expiry: properties?.messageExpiryInterval });
  });
  await client.subscribeAsync(filters, { qos: 2, nl: true, rap: true });
  return {
    heard,
    say: async (topic, message, { retain = false, expiry } = {}) => {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      const properties = expiry === undefined ? {} : { properties: { messageExpiryInterval: expiry } };
      await client.publishAsync(topic, text, { qos: 2, retain, ...properties });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
