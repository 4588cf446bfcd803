import { takesConnections } from '../brokers/mosquitto.js';
import { freePort } from '../free-port.js';
import { until } from '../until.js';
import { startNats } from './nats-cluster.js';

/** What a client connects to. */
export interface NatsBroker {
  readonly port: number;
  /** `mqtt://127.0.0.1:port` */
  readonly url: string;
}

/**
 * Starts a NATS server as an MQTT broker (3.1.1): one that is not mosquitto. It gives a message that was not acknowledged again after a while,
 * behind later ones.
 */
export async function startNatsBroker(): Promise<NatsBroker> {
  const port = await freePort();
  await startNats({ extra: `mqtt { listen: "127.0.0.1:${port}", ack_wait: "2s" }` });
  await until(() => takesConnections(port), { what: `MQTT on ${port}` });
  return { port, url: `mqtt://127.0.0.1:${port}` };
}
