import { existsSync } from 'node:fs';
import { type Child, type Exit, startChild } from '../child-process.js';
import { until } from '../until.js';

/** A message as `mosquitto_sub` printed it. */
export interface SeenMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
  /** When it was printed, in milliseconds of `performance.now()`. */
  readonly atMs: number;
}

/** What a verifier subscribes to. */
export interface MosquittoSubOptions {
  readonly port: number;
  /** Default `#`. */
  readonly topic?: string | readonly string[];
  /** Default 2. */
  readonly qos?: 0 | 1 | 2;
  /** Default 4: on 5.0 the client of mosquitto 2.0.11 breaks off in a burst at QoS 2 (a network protocol error by its own count). */
  readonly version?: 5 | 4 | 3;
  /** With it the session is kept. */
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  /** Further arguments, e.g. `--cafile`. */
  readonly args?: readonly string[];
}

/** An independent witness of what a broker delivers. */
export interface MosquittoSub extends AsyncDisposable {
  readonly messages: readonly SeenMessage[];
  readonly texts: readonly string[];
  /** For each CONNECT that it sent, how many messages it had. */
  readonly connects: readonly number[];
  /** Resolves with all messages when there are at least `count`. */
  untilCount(count: number): Promise<readonly SeenMessage[]>;
  /** Resolves when no message has come for `quietMs`: for proofs that nothing more comes. */
  untilQuiet(quietMs: number): Promise<readonly SeenMessage[]>;
  close(): Promise<Exit>;
}

const VERSIONS = { 5: 'mqttv5', 4: 'mqttv311', 3: 'mqttv31' } as const;
// The mark tells messages from the debug lines, which are on to learn when the subscription is granted.
const FORMAT = '> %q %r %x %t';
const LINE = /^> (\d) (\d) ([0-9a-f]*) (.*)$/;
const CONNECT = /^Client .* sending CONNECT$/;

/** Starts `mosquitto_sub` and resolves when its subscription is granted. */
export async function startMosquittoSub(options: MosquittoSubOptions): Promise<MosquittoSub> {
  const sub = new RunningSub(options);
  await sub.child.waitForLine(/^Subscribed \(mid|^Subscription failed/);
  return sub;
}

class RunningSub implements MosquittoSub {
  readonly messages: SeenMessage[] = [];
  readonly connects: number[] = [];
  readonly child: Child;
  #lastAt = performance.now();

  constructor(options: MosquittoSubOptions) {
    const command = lineBuffered('mosquitto_sub', subArgs(options));
    this.child = startChild(command.name, command.args, { onLine: (line) => this.#take(line) });
  }

  get texts(): readonly string[] {
    return this.messages.map((message) => message.text);
  }

  async untilCount(count: number): Promise<readonly SeenMessage[]> {
    const what = () => `${count} messages, have ${this.messages.length}`;
    await until(() => this.messages.length >= count, { what });
    return this.messages;
  }

  async untilQuiet(quietMs: number): Promise<readonly SeenMessage[]> {
    const since = performance.now();
    const quiet = () => performance.now() - Math.max(since, this.#lastAt) >= quietMs;
    await until(quiet, { what: `${quietMs} ms without a message` });
    return this.messages;
  }

  close(): Promise<Exit> {
    return this.child.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(line: string): void {
    const match = LINE.exec(line);
    if (match === null && CONNECT.test(line)) this.connects.push(this.messages.length);
    if (match === null) return;
    const [, qos, retain, hex = '', topic = ''] = match;
    const payload = Buffer.from(hex, 'hex');
    this.#lastAt = performance.now();
    const text = payload.toString();
    this.messages.push({ topic, payload, text, qos: Number(qos), retain: retain === '1', atMs: this.#lastAt });
  }
}

/** Into a pipe it would print in blocks of 4 KiB. */
function lineBuffered(name: string, args: readonly string[]): { name: string; args: readonly string[] } {
  const stdbuf = '/usr/bin/stdbuf';
  return existsSync(stdbuf) ? { name: stdbuf, args: ['-oL', name, ...args] } : { name, args };
}

function subArgs(options: MosquittoSubOptions): string[] {
  const topics = typeof options.topic === 'string' ? [options.topic] : (options.topic ?? ['#']);
  return [
    ...['-d', '-h', '127.0.0.1', '-p', String(options.port), '-q', String(options.qos ?? 2)],
    ...['-V', VERSIONS[options.version ?? 4], '-F', FORMAT],
    ...topics.flatMap((topic) => ['-t', topic]),
    ...(options.clientId === undefined ? [] : ['-c', '-i', options.clientId]),
    ...(options.username === undefined ? [] : ['-u', options.username]),
    ...(options.password === undefined ? [] : ['-P', options.password]),
    ...(options.args ?? []),
  ];
}
