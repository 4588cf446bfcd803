import type { ReceivedMessage, SinkMessage } from 'millrace';

/** What zigbee2mqtt calls it, and what the cloud does. */
const UNITS: readonly (readonly [string, string])[] = [
  ['temperature', 'temperature_celsius'],
  ['power', 'power_watts'],
  ['battery', 'battery_percent'],
];
const TO_CLOUD = new Map(UNITS);
const TO_HOME = new Map(UNITS.map(([home, cloud]) => [cloud, home]));

/**
 * What zigbee2mqtt tells of a device, for the cloud. Undefined for what the cloud is not to have: what zigbee2mqtt's own bridge says, and
 * commands. Ours are among them, since they come back to who reads `zigbee2mqtt/#`.
 */
export function toCloud(home: string, topic: string, message: ReceivedMessage): SinkMessage | undefined {
  const name = topic.slice('zigbee2mqtt/'.length);
  if (name === '' || name.startsWith('bridge/') || /\/(set|get)(\/|$)/.test(name)) return undefined;
  const device = name.replace(/\/availability$/, '');
  const kind = device === name ? 'state' : 'availability';
  // An empty message removes what is retained; it is no JSON and has to go through as it is.
  const payload = message.payload.length === 0 ? '' : JSON.stringify({ home, ...renamed(message.json(), TO_CLOUD) });
  return { topic: `homes/${home}/${encodeURIComponent(device)}/${kind}`, payload, retain: message.retain };
}

/**
 * A command of the cloud, for zigbee2mqtt. Names with slashes are one level in the cloud (`kitchen%2Flamp`), or no filter could ask for
 * the commands alone.
 *
 * @throws Error for what is no command: anybody who may publish in the cloud can send it
 */
export function toHome(topic: string, message: ReceivedMessage): SinkMessage {
  const [, , level = '', verb] = topic.split('/');
  const device = decodeURIComponent(level);
  if (device === '' || /^bridge(\/|$)/.test(device)) throw new Error(`no device has this name: ${device}`);
  const { home: _home, ...command } = renamed(message.json(), TO_HOME);
  return {
    topic: `zigbee2mqtt/${device}/${verb}`,
    payload: JSON.stringify(command),
    // How long it may take in all. Seconds that it waits in this process, or for the home to be back, are taken off.
    properties: { messageExpiryInterval: message.properties.messageExpiryInterval },
    timestampMs: message.receivedAtMs,
  };
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object');
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [names.get(name) ?? name, field]));
}
