import { connectRaw } from './raw-client.js';
import { publishBytes } from './wire.js';
import { PAYLOAD_BYTES, topicOf } from './workload.js';

const EVERY_MS = 10;

/** Publishes at QoS 1 at a steady rate; the payload starts with the number of the message. Nothing is awaited. */
export async function startPacedPublisher(url: string, perSecond: number): Promise<{ stop(): Promise<number> }> {
  const client = await connectRaw(url, 'bench-publisher');
  const startedAt = performance.now();
  let sent = 0;
  let acknowledged = 0;
  let allAcknowledged = () => {};
  client.onPacket = (first) => {
    if (first === 0x40) acknowledged += 1;
    if (acknowledged === sent) allAcknowledged();
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
    const batch: Buffer[] = [];
    for (; sent < due; sent++) {
      const payload = Buffer.from(String(sent).padEnd(PAYLOAD_BYTES, '.'));
      batch.push(publishBytes(topicOf(sent), payload, 1, (sent % 60_000) + 1));
    }
    if (batch.length > 0) client.socket.write(Buffer.concat(batch));
  }, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await new Promise<void>((resolve) => {
        allAcknowledged = resolve;
        if (acknowledged === sent) resolve();
      });
      client.socket.destroy();
      return sent;
    },
  };
}
