import { createServer, type Socket } from 'node:net';
import {
  AckWriter,
  connackBytes,
  LEVEL_5,
  PacketWalker,
  PUBACK,
  PUBCOMP,
  PUBREC,
  PUBREL,
  publishBytes,
  readConnect,
  readSubscribe,
  readUnsubscribe,
  subackBytes,
  unsubackBytes,
} from './wire.js';
import { FILTER, payloadOf, topicOf } from './workload.js';

/*
 * A broker in a process of its own that plays a recorded stream to whoever subscribes to the filter of the workload: PUBLISH
 * packets made before the run, at most `window` unacknowledged. It only counts what it gets, so that its own cost stays far below that of a
 * client. It says when it begins and when all is acknowledged.
 */

export interface FakeBrokerTask {
  readonly qos: 0 | 1 | 2;
  readonly messages: number;
  readonly window: number;
  /** How many topics the stream goes round; the hundred of the workload when undefined. */
  readonly topics?: number;
}

/** What it says to the process that has started it. */
export type FakeBrokerMessage =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'playing' }
  | { readonly type: 'done' };

/** Packet ids go round after this many messages, and the stream, unless it has more topics. */
const RECORDED = 10_000;

/** The first bytes of a PUBLISH, not retained, whether or not it is sent again. */
const QOS1_PUBLISH = new Set([0x32, 0x3a]);
const QOS2_PUBLISH = new Set([0x34, 0x3c]);

/** How many packets one write holds at QoS 0, and at most at the others. */
const BATCH = 500;

class Player {
  readonly #socket: Socket;
  readonly #task: FakeBrokerTask;
  readonly #record: (level: number) => readonly Buffer[];
  #packets: readonly Buffer[] = [];
  readonly #acks = new AckWriter();
  #filters = new Set<string>();
  #sent = 0;
  #completed = 0;
  #started = false;
  #subscribed = false;
  #level = 5;

  constructor(socket: Socket, task: FakeBrokerTask, record: (level: number) => readonly Buffer[]) {
    this.#socket = socket;
    this.#task = task;
    this.#record = record;
    socket.on('drain', () => this.#play());
  }

  connected(body: Buffer): void {
    const { clientId, clean, level } = readConnect(body);
    this.#level = level;
    this.#packets = this.#record(level);
    const kept = clean ? undefined : sessions.get(clientId);
    this.#filters = kept ?? new Set();
    sessions.set(clientId, this.#filters);
    this.#subscribed = this.#filters.has(FILTER);
    this.#socket.write(connackBytes(kept !== undefined, level));
  }

  /** The markers of a durable connection are no reason to play. */
  subscribed(body: Buffer): void {
    const { packetId, filters } = readSubscribe(body, this.#level);
    this.#socket.write(
      subackBytes(
        packetId,
        filters.map(({ qos }) => qos),
        this.#level,
      ),
    );
    for (const { filter } of filters) this.#filters.add(filter);
    if (filters.some(({ filter }) => filter === FILTER)) this.#subscribed = true;
    this.#play();
  }

  unsubscribed(body: Buffer): void {
    const { packetId, filters } = readUnsubscribe(body);
    this.#socket.write(
      unsubackBytes(
        packetId,
        filters.map((filter) => this.#filters.delete(filter)),
      ),
    );
  }

  start(): void {
    this.#started = true;
    this.#play();
  }

  #play(): void {
    if (!this.#started || !this.#subscribed) return;
    if (this.#sent === 0) say({ type: 'playing' });
    const { messages, qos, window } = this.#task;
    while (this.#sent < messages && !this.#socket.writableNeedDrain) {
      const room = qos === 0 ? BATCH : window - (this.#sent - this.#completed);
      const count = Math.min(BATCH, room, messages - this.#sent);
      if (count <= 0) return;
      const batch: Buffer[] = [];
      for (let i = 0; i < count; i++)
        batch.push(this.#packets[(this.#sent + i) % this.#packets.length] ?? Buffer.alloc(0));
      this.#sent += count;
      this.#socket.write(Buffer.concat(batch));
    }
    if (qos === 0 && this.#sent === messages) this.#finished();
  }

  answered(first: number, buffer: Buffer, start: number): void {
    if (QOS1_PUBLISH.has(first)) this.#acknowledge(PUBACK, buffer, start);
    else if (QOS2_PUBLISH.has(first)) this.#acknowledge(PUBREC, buffer, start);
    else if (first === PUBREL) this.#acks.add(PUBCOMP, buffer[start] ?? 0, buffer[start + 1] ?? 0);
    else if (first === PUBREC) this.#acks.add(PUBREL, buffer[start] ?? 0, buffer[start + 1] ?? 0);
    else if (first === PUBACK || first === PUBCOMP) this.#completed += 1;
  }

  /** What a client publishes is answered and forgotten. */
  #acknowledge(answer: number, buffer: Buffer, start: number): void {
    const id = start + 2 + buffer.readUInt16BE(start);
    this.#acks.add(answer, buffer[id] ?? 0, buffer[id + 1] ?? 0);
  }

  flush(): void {
    const bytes = this.#acks.take();
    if (bytes !== undefined) this.#socket.write(bytes);
    if (this.#task.qos === 0) return;
    this.#play();
    if (this.#completed === this.#task.messages) this.#finished();
  }

  #finished(): void {
    say({ type: 'done' });
  }
}

function say(message: FakeBrokerMessage): void {
  process.send?.(message);
}

/** The sessions of all clients that have been here: of each nothing but its filters. */
const sessions = new Map<string, Set<string>>();

const players = new Set<Player>();
let started = false;
process.on('message', () => {
  started = true;
  for (const player of players) player.start();
});

function serve(socket: Socket, task: FakeBrokerTask, record: (level: number) => readonly Buffer[]): void {
  const walker = new PacketWalker();
  const player = new Player(socket, task, record);
  players.add(player);
  if (started) player.start();
  socket.once('close', () => players.delete(player));
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    walker.push(chunk, (first, buffer, start, end) => {
      const body = buffer.subarray(start, end);
      if (first === 0x10) player.connected(body);
      else if (first === 0x82) player.subscribed(body);
      else if (first === 0xa2) player.unsubscribed(body);
      else if (first === 0xc0) socket.write(Buffer.from([0xd0, 0]));
      else player.answered(first, buffer, start);
    });
    player.flush();
  });
}

const task: FakeBrokerTask = JSON.parse(process.argv[2] ?? '{}');
const records = new Map<number, readonly Buffer[]>();
const record = (level: number): readonly Buffer[] => {
  const known = records.get(level);
  if (known !== undefined) return known;
  const length = Math.max(RECORDED, task.topics ?? 0);
  const made = Array.from({ length }, (_, index) => {
    const topic = task.topics === undefined ? topicOf(index) : `bench/topic/${index % task.topics}`;
    return publishBytes(topic, payloadOf(index), task.qos, (index % RECORDED) + 1, level);
  });
  records.set(level, made);
  return made;
};
record(LEVEL_5);
const server = createServer((socket) => serve(socket, task, record));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  say({ type: 'listening', port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.once('disconnect', () => process.exit());
