import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../child-process.js';
import { freePort } from '../free-port.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';
import { checkBrokerHere } from './check-brokers-here.js';
import { IDLE_SLEEPS } from './ejabberd.js';
import { takesConnections } from './mosquitto.js';
import { type StartedBroker, startBroker } from './started-broker.js';

const configOf = (port: number): string => `listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:${port}
mqtt.allow_anonymous = true
log.file = false
log.console = true
`;

/** RabbitMQ with its plugin for MQTT, and the daemon of Erlang's names, which it would start by itself and leave behind. */
export async function startRabbitMq(): Promise<StartedBroker> {
  const [names, distribution] = [await freePort(), await freePort()];
  startChild('epmd', ['-address', '127.0.0.1', '-port', `${names}`]);
  await until(() => takesConnections(names), { what: 'epmd' });
  return startBroker('RabbitMQ', (port) => {
    const home = tempDir('rabbitmq');
    const file = (name: string, text: string): string => {
      writeFileSync(join(home, name), text);
      return join(home, name);
    };
    return {
      command: checkBrokerHere('rabbitmq'),
      args: [],
      env: {
        HOME: home,
        ERL_EPMD_PORT: `${names}`,
        RABBITMQ_NODENAME: 'check@localhost',
        RABBITMQ_DIST_PORT: `${distribution}`,
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [...IDLE_SLEEPS, '-kernel inet_dist_use_interface {127,0,0,1}'].join(' '),
        RABBITMQ_MNESIA_BASE: join(home, 'database'),
        RABBITMQ_LOG_BASE: join(home, 'log'),
        RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', configOf(port)),
        RABBITMQ_ENABLED_PLUGINS_FILE: file('plugins', '[rabbitmq_mqtt].\n'),
        // its script becomes the broker, and does not wait for it
        RUNNING_UNDER_SYSTEMD: '1',
      },
    };
  });
}
