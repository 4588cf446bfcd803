import type { ConnackPacket, ConnectPacket, Will } from '../../packet.js';
import { checkTopicName } from '../../topic.js';
import { invalidMessage } from '../protocol-error.js';
import type { EncodeContext } from './encode-context.js';
import { checkReasonCode, refuseProperties, writePropertiesOf } from './encode-fields.js';

const LARGEST_RETURN_CODE = 5;

/** CONNECT of the version in the packet, which must be that of the connection. */
export function encodeConnect(context: EncodeContext, packet: ConnectPacket): void {
  checkConnect(context, packet);
  const { writer } = context;
  writer.string(packet.version === 3 ? 'MQIsdp' : 'MQTT', 'protocol name');
  writer.u8(packet.version, 'version');
  writer.u8(connectFlags(packet), 'flags');
  writer.u16(packet.keepAlive, 'keepAlive');
  writePropertiesOf(context, 'connect', packet.properties);
  writer.string(packet.clientId, 'clientId');
  if (packet.will !== undefined) writeWill(context, packet.will);
  if (packet.username !== undefined) writer.string(packet.username, 'username');
  if (packet.password !== undefined) writer.binary(packet.password, 'password');
}

/** CONNACK; in 3.1 without session present, below 5.0 with a return code 0 to 5. */
export function encodeConnack(context: EncodeContext, packet: ConnackPacket): void {
  const { sessionPresent, reasonCode, properties } = packet;
  if (context.version === 5) checkReasonCode(context, 'connack', reasonCode);
  else if (reasonCode > LARGEST_RETURN_CODE) throw invalidMessage(`There is no return code ${reasonCode} in MQTT 3`);
  if (sessionPresent && (reasonCode !== 0 || context.version === 3)) {
    throw invalidMessage('Session present needs code 0 and MQTT 3.1.1 or later [MQTT-3.2.2-4, 5: MQTT-3.2.2-6]');
  }
  context.writer.u8(sessionPresent ? 1 : 0, 'sessionPresent');
  context.writer.u8(reasonCode, 'reasonCode');
  writePropertiesOf(context, 'connack', properties);
}

function checkConnect(context: EncodeContext, packet: ConnectPacket): void {
  const { version, clientId, clean, username, password, properties } = packet;
  if (version !== context.version) throw invalidMessage(`A CONNECT of level ${version} on level ${context.version}`);
  if (clientId === '' && (version === 3 || (version === 4 && !clean))) {
    throw invalidMessage('An empty client id needs a clean session, and MQTT 3.1.1 or later [MQTT-3.1.3-7]');
  }
  if (version < 5 && password !== undefined && username === undefined) {
    throw invalidMessage('A password needs a user name before MQTT 5.0 [MQTT-3.1.2-22]');
  }
  if (properties?.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw invalidMessage('authenticationData needs an authenticationMethod');
  }
}

function connectFlags(packet: ConnectPacket): number {
  const { will } = packet;
  let flags = packet.clean ? 2 : 0;
  if (will !== undefined) flags |= 4 | (will.qos << 3) | (will.retain ? 32 : 0);
  if (packet.password !== undefined) flags |= 64;
  if (packet.username !== undefined) flags |= 128;
  return flags;
}

function writeWill(context: EncodeContext, will: Will): void {
  if (will.qos !== 0 && will.qos !== 1 && will.qos !== 2) throw invalidMessage('The will has no QoS [MQTT-3.1.2-14]');
  checkTopicName(will.topic);
  if (context.version === 5) writePropertiesOf(context, 'will', will.properties);
  else refuseProperties(will.properties);
  context.writer.string(will.topic, 'will.topic');
  context.writer.binary(will.payload, 'will.payload');
}
