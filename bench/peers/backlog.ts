import { deferred } from '../../test/support/deferred.js';
import { fillBacklog } from '../support/fill-backlog.js';
import { connectRaw } from '../support/raw-client.js';
import { RawPublisher } from '../support/raw-publisher.js';
import { PUBACK, publishBytes, subscribeBytes } from '../support/wire.js';

/** Topics of three messages of a backlog: before all others, behind the first of them, and behind all. */
const MARKS = { begun: 'bench/mark/begun', early: 'bench/mark/early', through: 'bench/mark/through' } as const;

type Mark = keyof typeof MARKS;

/** How many messages are between `begun` and `early`: little is compiled yet. */
export const EARLY = 5_000;

/** A session that keeps `messages` of QoS 1, with the marks among them. */
export async function fillMarked(url: string, clientId: string, messages: number): Promise<void> {
  await fillBacklog(url, clientId, { messages: 0, qos: 1 });
  const marker = await connectRaw(url, 'bench-marker');
  const mark = async (which: Mark): Promise<void> => {
    const answered = marker.answer(PUBACK);
    marker.socket.write(publishBytes(MARKS[which], Buffer.from('0'), 1, 1));
    await answered;
  };
  const publisher = await RawPublisher.open(url, 'bench-backlog', 1, 20);
  await mark('begun');
  await publisher.publish(Math.min(EARLY, messages));
  await mark('early');
  if (messages > EARLY) await publisher.publish(messages);
  await mark('through');
  publisher.close();
  marker.socket.destroy();
}

/** When a mark came, and what had been used by then. */
export interface Seen {
  readonly atMs: number;
  readonly cpuMicros: number;
}

/** Sees the marks come out of a bridge, and nothing else: it costs the broker next to nothing. */
export class MarkWitness {
  readonly #seen = { begun: deferred<Seen>(), early: deferred<Seen>(), through: deferred<Seen>() };
  readonly close: () => void;

  /** `cpuMicros` tells what the process has used when a mark comes. */
  static async open(url: string, cpuMicros: () => number): Promise<MarkWitness> {
    const client = await connectRaw(url, 'bench-witness');
    const witness = new MarkWitness(() => void client.socket.destroy());
    const names = Object.keys(MARKS) as readonly Mark[];
    client.onPacket = (first, buffer, start) => {
      if (first >> 4 !== 3) return;
      const topic = buffer.toString('utf8', start + 2, start + 2 + buffer.readUInt16BE(start));
      const mark = names.find((name) => MARKS[name] === topic);
      if (mark !== undefined) witness.#seen[mark].resolve({ atMs: performance.now(), cpuMicros: cpuMicros() });
    };
    const suback = client.answer(0x90);
    client.socket.write(subscribeBytes('bench/mark/+', 0));
    await suback;
    return witness;
  }

  private constructor(close: () => void) {
    this.close = close;
  }

  when(mark: Mark): Promise<Seen> {
    return this.#seen[mark].promise;
  }
}
