/*
 * A bridge of two MQTT.js clients, as its documentation advises for messages that matter: both sessions kept (`clean: false`),
 * QoS 2, messages passed on as they come. EVIDENCE_BRIDGE holds the ends and the variant:
 *   message     publishes in the `message` event, which is how its examples do it
 *   handle      `handleMessage`: the next message is taken when the last one is delivered
 *   acks        `customHandleAcks`: PUBREC when the message is delivered to the other broker
 * With `storeModule` the packets in flight are in a LevelDB below `dir`, with mqtt-level-store.
 */
import { createRequire } from 'node:module';
import { connect } from 'mqtt';

const { fromUrl, toUrl, prefix, clientId, dir, variant, qos, storeModule, reconnectPeriod } = JSON.parse(
  process.env.EVIDENCE_BRIDGE,
);

function stores(name) {
  if (storeModule === undefined) return {};
  const manager = createRequire(import.meta.url)(storeModule)(`${dir}/${name}`);
  return { incomingStore: manager.incoming, outgoingStore: manager.outgoing };
}

const kept = { clean: false, reconnectPeriod, protocolVersion: 5, properties: { sessionExpiryInterval: 86_400 } };
const from = connect(fromUrl, {
  ...kept,
  ...stores('from'),
  clientId,
  ...(variant === 'acks' ? { customHandleAcks } : {}),
});
const to = connect(toUrl, { ...kept, ...stores('to'), clientId: `${clientId}-0` });

const pass = (topic, payload, done) => {
  to.publish(`${prefix}/out/${topic.split('/').at(-1)}`, payload, { qos }, done);
};

function customHandleAcks(topic, message, _packet, done) {
  pass(topic, message, (error) => done(error ?? null, 0));
}

if (variant === 'message') from.on('message', (topic, payload) => pass(topic, payload, () => {}));
if (variant === 'handle')
  from.handleMessage = (packet, done) => pass(packet.topic, packet.payload, (error) => done(error ?? undefined));

for (const client of [from, to]) client.on('error', (error) => console.error(String(error)));
let open = 2;
const opened = () => {
  open -= 1;
  if (open === 0) console.error('RUNNING');
};
to.once('connect', opened);
from.once('connect', () => from.subscribe(`${prefix}/in/#`, { qos }, opened));

process.once('SIGTERM', () => from.end(false, {}, () => to.end(false, {}, () => process.exit(0))));
