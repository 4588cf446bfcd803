import type { ConnectPacket, Will } from '../../packet.js';
import type { ProtocolVersion } from '../../protocol-version.js';
import { topicNameProblem } from '../../topic.js';
import { malformed, protocolError } from '../protocol-error.js';
import type { ByteReader } from './byte-reader.js';
import type { DecodeContext } from './decode-context.js';
import { readProperties } from './property-reader.js';

const FLAG = { reserved: 1, clean: 2, will: 4, willRetain: 32, password: 64, username: 128 };

/** CONNECT of any version: the packet names its version itself, the decoder's does not matter. */
export function decodeConnect(context: DecodeContext): ConnectPacket {
  const { reader } = context;
  const version = readVersion(reader);
  const flags = readFlags(reader, version);
  const keepAlive = reader.u16();
  const properties = version === 5 ? readProperties(reader, 'connect', 'client') : undefined;
  if (properties?.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError('authentication data without a method');
  }
  const clientId = reader.string();
  const clean = (flags & FLAG.clean) !== 0;
  if (clientId === '' && (version === 3 || (version === 4 && !clean))) {
    throw protocolError('an empty client id without a clean session [MQTT-3.1.3-7]', 0x85);
  }
  const will = (flags & FLAG.will) === 0 ? undefined : readWill(reader, flags, version);
  const username = (flags & FLAG.username) === 0 ? undefined : reader.string();
  const password = (flags & FLAG.password) === 0 ? undefined : reader.binary();
  return {
    type: 'connect',
    version,
    clientId,
    clean,
    keepAlive,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined ? {} : { will }),
    ...(properties === undefined ? {} : { properties }),
  };
}

function readVersion(reader: ByteReader): ProtocolVersion {
  const name = reader.string();
  const level = reader.u8();
  if (name === 'MQIsdp' && level === 3) return 3;
  if (name === 'MQTT' && (level === 4 || level === 5)) return level;
  throw protocolError('connect with an unknown protocol name or level [MQTT-3.1.2-1, 3.1.2-2]', 0x84);
}

function readFlags(reader: ByteReader, version: ProtocolVersion): number {
  const flags = reader.u8();
  if ((flags & FLAG.reserved) !== 0) throw malformed('connect with the reserved flag [MQTT-3.1.2-3]');
  if ((flags & FLAG.will) === 0 && (flags & 0x38) !== 0) {
    throw malformed('connect with will flags but no will [MQTT-3.1.2-11, 3.1.2-13, 3.1.2-15]');
  }
  if ((flags & 0x18) === 0x18) throw malformed('a will with QoS 3 [MQTT-3.1.2-14]');
  if (version < 5 && (flags & FLAG.password) !== 0 && (flags & FLAG.username) === 0) {
    throw malformed('a password without a user name [MQTT-3.1.2-22]');
  }
  return flags;
}

function readWill(reader: ByteReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? readProperties(reader, 'will', 'client') : undefined;
  const topic = reader.string();
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw malformed(`will: ${problem}`);
  const payload = reader.binary();
  const qos = ((flags >> 3) & 3) as 0 | 1 | 2;
  const retain = (flags & FLAG.willRetain) !== 0;
  return properties === undefined ? { topic, payload, qos, retain } : { topic, payload, qos, retain, properties };
}
