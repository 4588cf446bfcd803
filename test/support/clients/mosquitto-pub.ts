import { type Exit, startChild } from '../child-process.js';

/** Where and how a publisher publishes. */
export interface MosquittoPubOptions {
  readonly port: number;
  readonly topic: string;
  /** Default 1. */
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  /** Default 4. */
  readonly version?: 5 | 4 | 3;
  readonly username?: string;
  readonly password?: string;
  /** Further arguments, e.g. `--cafile`. */
  readonly args?: readonly string[];
}

/** An independent publisher that takes one message after the other. */
export interface MosquittoPub extends AsyncDisposable {
  /** Publishes one message; a payload is one line of text. */
  send(payload: string): Promise<void>;
  /** Ends the publisher when all is acknowledged by the broker. */
  finish(): Promise<Exit>;
}

const VERSIONS = { 5: 'mqttv5', 4: 'mqttv311', 3: 'mqttv31' } as const;

/** Starts `mosquitto_pub` in line mode. */
export function startMosquittoPub(options: MosquittoPubOptions): MosquittoPub {
  const child = startChild('mosquitto_pub', [...pubArgs(options), '-l']);
  const finish = async () => {
    child.endInput();
    return child.exited;
  };
  return {
    send: (payload) => child.writeLine(payload),
    finish,
    [Symbol.asyncDispose]: async () => void (await child.end()),
  };
}

/** Publishes the messages in order and resolves when the broker has acknowledged them; rejects when it could not. */
export async function publishAll(options: MosquittoPubOptions, payloads: readonly string[]): Promise<void> {
  const child = startChild('mosquitto_pub', [...pubArgs(options), '-l']);
  for (const payload of payloads) await child.writeLine(payload);
  child.endInput();
  const exit = await child.exited;
  if (exit.code !== 0)
    throw new Error(`mosquitto_pub ended with ${exit.code ?? exit.signal}: ${child.stderr.join(' ')}`);
}

function pubArgs(options: MosquittoPubOptions): string[] {
  return [
    ...['-h', '127.0.0.1', '-p', String(options.port), '-t', options.topic, '-q', String(options.qos ?? 1)],
    ...['-V', VERSIONS[options.version ?? 4]],
    ...(options.retain === true ? ['-r'] : []),
    ...(options.username === undefined ? [] : ['-u', options.username]),
    ...(options.password === undefined ? [] : ['-P', options.password]),
    ...(options.args ?? []),
  ];
}
