import { connect, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { resetSocket } from '../reset-socket.js';
import type { Frame } from './mqtt-frames.js';
import { ProxyChannel, type Shape } from './proxy-channel.js';
import type { CutKind, Side, Verdict } from './proxy-fault.js';

/** A key pair with which the proxy ends the client's TLS; the broker behind it is spoken to in the clear. */
export interface ProxyTls {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  readonly ca?: string | Buffer;
  readonly requestCert?: boolean;
}

/** What a link is made of. */
export interface LinkParts {
  /** The socket of the client, as it was accepted. */
  readonly client: Socket;
  readonly target: { readonly host: string; readonly port: number };
  readonly tls: ProxyTls | undefined;
  readonly opaque: boolean;
  readonly shapes: Readonly<Record<Side, Shape>>;
  readonly judge: (from: Side, frame: Frame) => Verdict;
  readonly onClose: () => void;
}

const LET_READ_MS = 10;

/** One proxied connection: two sockets and a channel each way. */
export class ProxyLink {
  readonly #raw: Socket;
  readonly #server: Socket;
  readonly #channels: Readonly<Record<Side, ProxyChannel>>;
  #open = true;

  constructor(parts: LinkParts) {
    const { client: raw, target, shapes } = parts;
    raw.setNoDelay(true);
    const client = parts.tls === undefined ? raw : new TLSSocket(raw, { ...parts.tls, isServer: true });
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#raw = raw;
    this.#server = server;
    const channel = (from: Side, source: Socket, sink: Socket) =>
      new ProxyChannel(from, source, sink, shapes[from], {
        opaque: parts.opaque,
        judge: (frame) => parts.judge(from, frame),
        cut: (kind) => this.cut(kind),
      });
    this.#channels = { client: channel('client', client, server), server: channel('server', server, client) };
    for (const socket of new Set([raw, client, server])) {
      // A reset of one side is a reset of the other.
      socket.on('error', () => this.cut('rst'));
      socket.on('close', () => this.#closeWhenBothAre(parts.onClose));
    }
  }

  /** Packets that wait to be forwarded, either way. */
  get held(): number {
    return this.#channels.client.held + this.#channels.server.held;
  }

  /** `rst`: both sides are reset. `fin`: both are closed without a word of MQTT or TLS. */
  cut(kind: CutKind): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stop();
    // What was written is to be read before the reset comes: after unread bytes some kernels report it as an orderly end.
    setTimeout(() => this.#end(kind), kind === 'rst' ? LET_READ_MS : 0);
  }

  /** Closes one half: the given side reads the end of the stream and may go on writing. */
  halfClose(to: Side): void {
    this.#channels[to === 'client' ? 'server' : 'client'].halfClose();
  }

  /** Bytes of nobody, written to one side. */
  inject(to: Side, bytes: Uint8Array): Promise<void> {
    return this.#channels[to === 'client' ? 'server' : 'client'].inject(bytes);
  }

  changed(): void {
    this.#channels.client.changed();
    this.#channels.server.changed();
  }

  #closeWhenBothAre(onClose: () => void): void {
    if (!this.#raw.closed || !this.#server.closed) return;
    this.#open = false;
    this.#stop();
    onClose();
  }

  #end(kind: CutKind): void {
    for (const socket of [this.#raw, this.#server]) {
      if (kind === 'rst') resetSocket(socket);
      else socket.destroySoon();
    }
  }

  #stop(): void {
    this.#channels.client.stop();
    this.#channels.server.stop();
  }
}
