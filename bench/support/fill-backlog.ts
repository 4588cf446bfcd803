import { connectRaw } from './raw-client.js';
import { RawPublisher } from './raw-publisher.js';
import { DISCONNECT, subscribeBytes } from './wire.js';
import { FILTER } from './workload.js';

/** Lets the broker keep `messages` of QoS 1 in the session of `clientId`. */
export async function fillBacklog(url: string, clientId: string, messages: number): Promise<void> {
  const subscriber = await connectRaw(url, clientId, true);
  const suback = subscriber.answer(0x90);
  subscriber.socket.write(subscribeBytes(FILTER, 1));
  await suback;
  subscriber.socket.end(DISCONNECT);
  await new Promise((resolve) => subscriber.socket.once('close', resolve));
  const publisher = await RawPublisher.open(url, 'bench-backlog', 1, 20);
  await publisher.publish(messages);
  publisher.close();
}
