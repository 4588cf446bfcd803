import { connect, connectAsync } from 'mqtt';

/* MQTT.js in the two ways that its README tells: `handleMessage` acknowledges when the work is done, the `message` event on receipt. */
const [how, work, from, to, window, clientId, filter] = process.argv.slice(2);
const options = { protocolVersion: 5, keepalive: 0 };

/** What a consumer does with a message here: it takes a number out of it, in a later turn. */
const consume = ({ payload }, done) =>
  setImmediate(() => done(Number.isNaN(Number.parseInt(payload.toString(), 10)) ? new Error('no number') : undefined));

const target = work === 'bridge' ? await connectAsync(`mqtt://127.0.0.1:${to}`, options) : undefined;
const publish = ({ topic, payload }, done) => target.publish(topic, payload, { qos: 1 }, done);

const handle = work === 'bridge' ? publish : consume;
const source = connect(`mqtt://127.0.0.1:${from}`, {
  ...options,
  clientId,
  clean: false,
  properties: { receiveMaximum: Number(window), sessionExpiryInterval: 3600 },
});
if (how === 'after') source.handleMessage = (packet, done) => handle(packet, (error) => done(error ?? undefined));
else source.on('message', (_topic, _payload, packet) => handle(packet, () => {}));
source.on('connect', () => source.subscribe(filter, { qos: 1 }));
