import { serveContender } from '../support/contender.js';
import { connectRaw } from '../support/raw-client.js';
import { AckWriter, PUBACK, PUBCOMP, PUBREC, PUBREL, subscribeBytes } from '../support/wire.js';
import { FILTER } from '../support/workload.js';

/*
 * The floor: reads the socket, finds the packets by their headers, copies each payload, answers. No topic is decoded, nothing is checked.
 */
await serveContender(async ({ url, clientId, qos, messages }) => {
  const client = await connectRaw(url, clientId);
  const suback = client.answer(0x90);
  client.socket.write(subscribeBytes(FILTER, qos));
  await suback;
  const acks = new AckWriter();
  let received = 0;
  let last = Buffer.alloc(0);
  let done = () => {};
  client.onPacket = (first, buffer, start, end) => {
    if (first === PUBREL) {
      acks.add(PUBCOMP, buffer[start] ?? 0, buffer[start + 1] ?? 0);
      return;
    }
    if (first >> 4 !== 3) return;
    const topicEnd = start + 2 + buffer.readUInt16BE(start);
    if (qos > 0) acks.add(qos === 1 ? PUBACK : PUBREC, buffer[topicEnd] ?? 0, buffer[topicEnd + 1] ?? 0);
    last = Buffer.from(buffer.subarray(topicEnd + (qos > 0 ? 3 : 1), end));
    received += 1;
  };
  client.onChunk = () => {
    const bytes = acks.take();
    if (bytes !== undefined) client.socket.write(bytes);
    if (received === messages) done();
  };
  return {
    run: () =>
      new Promise((resolve) => {
        done = resolve;
      }),
    close: async () => {
      if (last.length === 0) throw new Error('nothing was read');
      client.socket.destroy();
    },
  };
});
