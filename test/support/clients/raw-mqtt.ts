import { connect } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { onCleanup } from '../cleanup.js';
import { until } from '../until.js';

const VERSION = 5;

/** A client that sends what it is told, and answers nothing by itself. */
export interface RawMqtt {
  /** What came, in order. */
  readonly seen: readonly mqttPacket.Packet[];
  send(packet: mqttPacket.Packet): void;
  /** The `count`-th packet of a kind (default: the first), once it has come. */
  await<Command extends mqttPacket.Packet['cmd']>(
    command: Command,
    count?: number,
  ): Promise<Extract<mqttPacket.Packet, { cmd: Command }>>;
  /** Ends without a DISCONNECT. */
  destroy(): void;
}

/** Connects with MQTT 5.0 to a session that the broker keeps, and resolves at CONNACK. The packets are of another codec than ours. */
export async function connectRaw(port: number, clientId: string, receiveMaximum = 1000): Promise<RawMqtt> {
  const socket = connect(port, '127.0.0.1');
  onCleanup(async () => void socket.destroy());
  const seen: mqttPacket.Packet[] = [];
  const parser = mqttPacket.parser({ protocolVersion: VERSION });
  parser.on('packet', (packet) => seen.push(packet));
  socket.on('data', (bytes) => parser.parse(bytes));
  socket.on('error', () => {});
  const of = <Command extends mqttPacket.Packet['cmd']>(command: Command) =>
    seen.filter((packet): packet is Extract<mqttPacket.Packet, { cmd: Command }> => packet.cmd === command);
  const client: RawMqtt = {
    seen,
    send: (packet) => void socket.write(mqttPacket.generate(packet, { protocolVersion: VERSION })),
    await: async (command, count = 1) => {
      await until(() => of(command).length >= count, { what: () => `${command} ${count} of ${clientId}` });
      const packet = of(command)[count - 1];
      if (packet === undefined) throw new Error(`no ${command}`);
      return packet;
    },
    destroy: () => void socket.destroy(),
  };
  const properties = { sessionExpiryInterval: 1000, receiveMaximum };
  client.send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: VERSION,
    clean: false,
    clientId,
    keepalive: 60,
    properties,
  });
  await client.await('connack');
  return client;
}
