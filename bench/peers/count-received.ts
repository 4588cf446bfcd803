import { within } from '../../test/support/within.js';
import { connectRaw } from '../support/raw-client.js';
import { subscribeBytes } from '../support/wire.js';

/** mosquitto says it each second. */
const LIMIT_MS = 5_000;

/** Asks a broker that counts how many messages it was sent. Rejects when these are fewer. */
export async function countReceived(url: string, messages: number): Promise<void> {
  const client = await connectRaw(url, 'bench-counter');
  let received = 0;
  const all = new Promise<void>((resolve) => {
    client.onPacket = (first, buffer, start, end) => {
      if (first >> 4 !== 3) return;
      const propertiesAt = start + 2 + buffer.readUInt16BE(start);
      // it expires, which takes few properties
      const payloadAt = propertiesAt + 1 + (buffer[propertiesAt] ?? 0);
      received = Number(buffer.toString('latin1', payloadAt, end));
      if (received >= messages) resolve();
    };
  });
  client.socket.write(subscribeBytes('$SYS/broker/publish/messages/received', 0));
  try {
    await within(all, LIMIT_MS, () => `${messages} messages, there are ${received}`);
  } finally {
    client.socket.destroy();
  }
}
