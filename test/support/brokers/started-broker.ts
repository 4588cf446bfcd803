import { type Child, startChild } from '../child-process.js';
import { freePort } from '../free-port.js';
import { until } from '../until.js';
import { takesConnections } from './mosquitto.js';

/** A broker on 127.0.0.1 that ends with the test file at the latest. */
export interface StartedBroker {
  /** `mqtt://127.0.0.1:port` */
  readonly url: string;
  /** Ends it by SIGTERM, and starts it with what it has kept. */
  restart(): Promise<void>;
}

/** How its process is started. */
export interface BrokerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one that is told its port, and resolves when it takes connections there. */
export async function startBroker(name: string, commandFor: (port: number) => BrokerCommand): Promise<StartedBroker> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const command = commandFor(port);
    let child = await startOn(name, port, command);
    if (child.running) {
      const restart = async () => {
        await child.end();
        child = await startOn(name, port, command);
        if (!child.running) throw new Error(`${name} did not start again:\n${tail(child)}`);
      };
      return { url: `mqtt://127.0.0.1:${port}`, restart };
    }
    // another process may have taken the port between the choice and the start
    if (attempt === 3) throw new Error(`${name} did not start:\n${tail(child)}`);
  }
}

/** Until it takes connections, or has ended. */
async function startOn(name: string, port: number, { command, args, env = {} }: BrokerCommand): Promise<Child> {
  const child = startChild(command, args, { env });
  await until(() => !child.running || takesConnections(port), { what: () => `${name}\n${tail(child)}` });
  return child;
}

const tail = ({ stdout, stderr }: Child): string => [...stdout, ...stderr].slice(-20).join('\n');
