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
 * So long after it has sent a message the broker sends it again, if nothing came back. At a PUBREC it first forgets the packet id, then stores its
 * PUBREL and only then says that the message has arrived (`mqttProcessPublishReceived` of 2.12 and 2.15): one that falls due in between goes
 * out again under another packet id, as a message of its own. So this is longer than a commit takes on a busy machine, and the store of
 * the broker, which nothing here cuts the power of, is not flushed at each write.
 */
const ACK_WAIT = '8s';
const SYNC_INTERVAL = '2m';

/**
 * Starts a NATS server as an MQTT broker (3.1.1): one that is not mosquitto. It gives a message that was not acknowledged again after a
 * while, behind later ones.
 */
export async function startNatsBroker(): Promise<NatsBroker> {
  const port = await freePort();
  await startNats({
    syncInterval: SYNC_INTERVAL,
    extra: `mqtt { listen: "127.0.0.1:${port}", ack_wait: "${ACK_WAIT}" }`,
  });
  await until(() => takesConnections(port), { what: `MQTT on ${port}` });
  return { port, url: `mqtt://127.0.0.1:${port}` };
}
