import { connectRaw } from './raw-client.js';
import { RawPublisher } from './raw-publisher.js';
import { DISCONNECT, subscribeBytes } from './wire.js';
import { FILTER } from './workload.js';

/** What a session is made to keep. */
export interface Backlog {
  readonly messages: number;
  readonly qos: 1 | 2;
}

/** Makes the session of `clientId` at the broker and lets it keep so many messages. */
export async function fillBacklog(url: string, clientId: string, { messages, qos }: Backlog): Promise<void> {
  const subscriber = await connectRaw(url, clientId, true);
  const suback = subscriber.answer(0x90);
  subscriber.socket.write(subscribeBytes(FILTER, qos));
  await suback;
  subscriber.socket.end(DISCONNECT);
  await new Promise((resolve) => subscriber.socket.once('close', resolve));
  if (messages === 0) return;
  const publisher = await RawPublisher.open(url, 'bench-backlog', qos, 20);
  await publisher.publish(messages);
  publisher.close();
}
