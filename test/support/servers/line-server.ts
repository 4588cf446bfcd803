import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../child-process.js';
import { freePort } from '../free-port.js';
import { tempDir } from '../temp-dir.js';

const PROGRAM = fileURLToPath(new URL('line-server.mjs', import.meta.url));

/** A database in a process of its own, which can be killed and started again. */
export class LineServer {
  readonly #file = join(tempDir('line-server'), 'table.txt');
  #port = 0;
  #child: Child | undefined;

  /** Starts it, after a `kill` on the same port with the same table. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    this.#child = startChild(process.execPath, [PROGRAM, String(this.#port), this.#file]);
    await this.#child.waitForLine(/listening/);
  }

  /** The same from its first start on. */
  get port(): number {
    return this.#port;
  }

  async kill(): Promise<void> {
    await this.#child?.end('SIGKILL');
  }

  /** What is in the table, without the keys. */
  get rows(): readonly string[] {
    const lines = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((line) => line.slice(line.indexOf(' ') + 1));
  }

  connect(): Promise<LineClient> {
    return LineClient.open(this.#port);
  }
}

/** A connection, which never works again once it is cut. */
export class LineClient {
  readonly #socket: Socket;
  readonly #answers: AsyncIterator<string>;

  static async open(port: number): Promise<LineClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new LineClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    const lines = createInterface({ input: socket });
    // a reset is no end of its input
    socket.on('close', () => lines.close());
    lines.on('error', () => {});
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** Resolves when the row is in the table. */
  async insert(key: string | number, text: string): Promise<void> {
    this.#socket.write(`${key} ${text}\n`);
    const { done } = await this.#answers.next();
    if (done === true) throw new Error('the connection is cut');
  }

  close(): void {
    this.#socket.destroy();
  }
}
