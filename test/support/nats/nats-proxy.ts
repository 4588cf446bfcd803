import { connect, createServer, type Server, type Socket } from 'node:net';
import { onCleanup } from '../cleanup.js';
import { deferred } from '../deferred.js';
import { freePort } from '../free-port.js';
import { until } from '../until.js';
import { type NatsFrame, NatsFrames } from './nats-frames.js';

/** What becomes of an acknowledgement of JetStream. */
export type AckFate =
  | 'pass'
  | 'drop'
  | 'twice'
  /** It is lost, and the connection with it. */
  | 'cut'
  /** It comes so many milliseconds later, behind what comes meanwhile. */
  | { readonly delayMs: number };

/** A proxy in front of one server that decides about each acknowledgement. */
export class NatsProxy {
  /** Acknowledgements that did not simply pass. */
  faults = 0;
  /** How often `cutAll` found something to cut. */
  cuts = 0;
  readonly url: string;
  readonly #server: Server;
  readonly #links = new Set<readonly [Socket, Socket]>();
  #fate: (number: number) => AckFate = () => 'pass';
  #acks = 0;
  #held: { readonly from: string; readonly chunks: (() => void)[] } | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `nats://127.0.0.1:${port}`;
    onCleanup(() => this.close());
  }

  static async start(to: { readonly port: number }): Promise<NatsProxy> {
    const port = await freePort();
    const server = createServer();
    const proxy = new NatsProxy(server, port);
    server.on('connection', (client) => proxy.#link(client, connect(to.port, '127.0.0.1')));
    const listening = deferred<void>();
    server.listen(port, '127.0.0.1', () => listening.resolve());
    await listening.promise;
    return proxy;
  }

  /** From now on: what becomes of the first, second, … acknowledgement. */
  decide(fate: (number: number) => AckFate): void {
    this.#acks = 0;
    this.#fate = fate;
  }

  /**
   * What the client sends is held from now on; with a text, from the first chunk in which that stands. The function it gives lets it go.
   */
  hold(from = ''): () => void {
    const held = { from, chunks: [] as (() => void)[] };
    this.#held = held;
    return () => {
      this.#held = undefined;
      for (const send of held.chunks) send();
    };
  }

  /** Resolves when something is held. */
  async held(): Promise<void> {
    await until(() => (this.#held?.chunks.length ?? 0) > 0, { what: 'something that the client sends' });
  }

  /** Ends all connections; what is held is lost. */
  cutAll(): void {
    if (this.#links.size > 0) this.cuts += 1;
    if (this.#held !== undefined) this.#held.chunks.length = 0;
    for (const [client, server] of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  close(): void {
    this.cutAll();
    this.#server.close();
  }

  #link(client: Socket, server: Socket): void {
    const link = [client, server] as const;
    this.#links.add(link);
    const frames = new NatsFrames();
    client.on('data', (chunk) => {
      const held = this.#held;
      const isHeld = held !== undefined && (held.chunks.length > 0 || chunk.includes(held.from));
      if (isHeld) held.chunks.push(() => server.write(chunk));
      else server.write(chunk);
    });
    server.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) this.#pass(frame, client, server);
    });
    for (const socket of link) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#links.delete(link);
        client.destroy();
        server.destroy();
      });
    }
  }

  #pass(frame: NatsFrame, client: Socket, server: Socket): void {
    const fate = isAck(frame) ? this.#fate(++this.#acks) : 'pass';
    if (fate !== 'pass') this.faults += 1;
    const send = () => client.writable && client.write(frame.bytes);
    if (fate === 'cut') {
      client.resetAndDestroy();
      server.resetAndDestroy();
    } else if (typeof fate === 'object') setTimeout(send, fate.delayMs);
    else if (fate !== 'drop') send();
    if (fate === 'twice') send();
  }
}

/** Of a publish that got in: `{"stream":"MR_…", "seq":7}`. */
const isAck = ({ payload }: NatsFrame): boolean => payload.startsWith('{"stream":"MR_') && !payload.includes('"error"');
