import { type KillBroker, startKillBroker } from '../../test/support/kill/kill-brokers.js';

/** The two brokers of a section. MQTT.js knows no window and is thrown out above mosquitto's usual 20, so all get a larger one. */
export async function withEvidenceBrokers<T>(play: (from: KillBroker, to: KillBroker) => Promise<T>): Promise<T> {
  const options = { config: ['max_inflight_messages 1000'] };
  const [from, to] = await Promise.all([startKillBroker('durable', options), startKillBroker('durable', options)]);
  try {
    return await play(from, to);
  } finally {
    await Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]);
  }
}
