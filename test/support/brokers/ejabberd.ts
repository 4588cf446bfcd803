import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../temp-dir.js';
import { checkBrokerHere } from './check-brokers-here.js';
import { type StartedBroker, startBroker } from './started-broker.js';

/** Seconds for which it keeps a session. */
export const EJABBERD_EXPIRY = 3600;
/** Threads of Erlang that have nothing to do sleep, instead of turning for a while. */
export const IDLE_SLEEPS = ['+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none'];
/** It takes any password of a user of its host. */
export const EJABBERD_LOGIN = {
  args: ['--username', 'check@localhost', '--password-env', 'PASSWORD'],
  password: 'any',
};

const configOf = (port: number): string => `hosts: [localhost]
certfiles: []
auth_method: [anonymous]
anonymous_protocol: login_anon
listen:
  - port: ${port}
    ip: 127.0.0.1
    module: mod_mqtt
modules:
  mod_mqtt:
    max_queue: 100000
    session_expiry: ${EJABBERD_EXPIRY}
`;

/** ejabberd, without a name that other nodes would know it by. */
export function startEjabberd(): Promise<StartedBroker> {
  const folder = checkBrokerHere('ejabberd');
  return startBroker('ejabberd', (port) => {
    const home = tempDir('ejabberd');
    const config = join(home, 'ejabberd.yml');
    writeFileSync(config, configOf(port));
    return {
      command: 'erl',
      args: [...IDLE_SLEEPS, '-noinput', '-mnesia', 'dir', `"${join(home, 'database')}"`, '-s', 'ejabberd'],
      env: {
        HOME: home,
        ERL_LIBS: folder,
        EJABBERD_CONFIG_PATH: config,
        EJABBERD_LOG_PATH: join(home, 'ejabberd.log'),
      },
    };
  });
}
