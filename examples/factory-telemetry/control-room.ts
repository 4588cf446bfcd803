import { connectAsync, type IPublishPacket } from 'mqtt';
import { append, type Outcome } from './model.js';

/** The factory around the program, with another client than ours: the machines, and who looks at what comes of them. */
export interface ControlRoom extends AsyncDisposable {
  readonly heard: Outcome;
  /** How many messages that was. */
  readonly count: number;
  publish(topic: string, payload: string): Promise<void>;
}

export async function controlRoom(broker: string): Promise<ControlRoom> {
  const heard: Outcome = { averages: new Map(), alarms: new Map(), letters: new Map() };
  let count = 0;
  const client = await connectAsync(broker, { protocolVersion: 5 });
  client.on('message', (topic, payload, packet) => {
    count += 1;
    if (topic === 'letters') hearLetter(heard, packet);
    else if (topic.startsWith('alarms/')) append(heard.alarms, topic, JSON.parse(payload.toString()));
    else append(heard.averages, topic, JSON.parse(payload.toString()).average);
  });
  await client.subscribeAsync(['averages/#', 'alarms/#', 'letters'], { qos: 2 });
  return {
    heard,
    get count() {
      return count;
    },
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 2 });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}

/**
 * The letter of the source has the message as it came. That of a stage has the item that came to it, as JSON where that loses nothing:
 * else, as of a number that is infinite, as `util.inspect` shows it.
 */
function hearLetter(heard: Outcome, { payload, properties }: IPublishPacket): void {
  const known: Record<string, string | string[]> = { ...properties?.userProperties };
  const [, line, machine, quantity] =
    /line\W+([\w-]+)\W+machine\W+([\w-]+)\W+quantity\W+([\w-]+)/.exec(payload.toString()) ?? [];
  append(heard.letters, String(known['millrace-origin']), {
    topic: String(known['millrace-topic'] ?? `factory/${line}/${machine}/${quantity}`),
    cause: String(known['millrace-error']).replace(/^.*? at position (up to )?\d+( of source "telemetry")?: /, ''),
  });
}
