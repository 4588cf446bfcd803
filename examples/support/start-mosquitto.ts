import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'mqtt';

/** A mosquitto of its own, with another client (MQTT.js) as the devices around it. */
export interface ExampleMosquitto extends AsyncDisposable {
  readonly url: string;
  publish(topic: string, payload: string): Promise<void>;
  listen(topic: string, onText: (text: string) => void): Promise<void>;
}

/** @throws Error when mosquitto is not installed: `apt-get install mosquitto` */
export async function startMosquitto(): Promise<ExampleMosquitto> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-mosquitto-'));
  const port = await freePort();
  const config = join(directory, 'mosquitto.conf');
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const broker = spawn('mosquitto', ['-c', config], { stdio: 'ignore', env: withSbin() });
  const failed = once(broker, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const url = `mqtt://127.0.0.1:${port}`;
  const devices = connect(url, { clientId: 'devices', reconnectPeriod: 100 });
  // It is refused, and tries again, until the broker listens.
  devices.on('error', () => {});
  await Promise.race([new Promise((resolve) => devices.once('connect', resolve)), failed]);
  const listeners = new Map<string, (text: string) => void>();
  devices.on('message', (topic, payload) => listeners.get(topic)?.(payload.toString()));
  return {
    url,
    publish: async (topic, payload) => {
      await devices.publishAsync(topic, payload, { qos: 2 });
    },
    listen: async (topic, onText) => {
      listeners.set(topic, onText);
      await devices.subscribeAsync(topic, { qos: 2 });
    },
    [Symbol.asyncDispose]: async () => {
      await devices.endAsync(true);
      broker.kill();
      await rm(directory, { recursive: true });
    },
  };
}

/** Debian keeps mosquitto where only root's path leads. */
const withSbin = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${process.env.PATH}:/usr/sbin` });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
