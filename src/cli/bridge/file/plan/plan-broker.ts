import type { BridgeSide } from '../../bridge-side.js';
import { type BrokerAddress, parseBrokerAddress } from '../../broker-address.js';
import type { SideTls } from '../../tls-files.js';
import type { FileBroker } from '../shape/bridge-file-shape.js';
import type { PlanContext } from './plan-context.js';

/** A broker of the file as a side of a bridge; undefined where a problem was told. */
export function planBroker(name: string, broker: FileBroker, context: PlanContext): BridgeSide {
  const path = `brokers.${name}`;
  const address = parseBrokerAddress(broker.url, 'url');
  const { username, password } = credentialsOf(path, { broker, address }, context);
  for (const secret of [password, broker.tls?.passphrase]) if (secret !== undefined) context.secrets.add(secret);
  const side = {
    ...address,
    username,
    password,
    tls: tlsOf(path, { broker, address }, context),
    version: broker.mqtt,
    keepAlive: broker.keepalive,
    followServerReference: broker.followServerReference ?? false,
    auth: broker.auth ?? 'password',
    refusalTimeoutMs: broker.refusalTimeout === undefined ? undefined : broker.refusalTimeout * 1000,
  };
  checkAuth(path, side, context);
  return side;
}

interface Given {
  readonly broker: FileBroker;
  readonly address: BrokerAddress;
}

function credentialsOf(path: string, { broker, address }: Given, context: PlanContext) {
  if (broker.username !== undefined && address.username !== undefined)
    context.problem('conflict', `${path}.username`, 'the url names a user already');
  if (broker.password !== undefined && broker.passwordFile !== undefined)
    context.problem('conflict', `${path}.passwordFile`, 'password and passwordFile exclude each other');
  const own = broker.password ?? context.secretFile(`${path}.passwordFile`, broker.passwordFile);
  if (own !== undefined && address.password !== undefined)
    context.problem('conflict', `${path}.url`, 'it has a password already');
  if (address.password !== undefined) context.tellExposed(`${path}.url`);
  if (broker.password !== undefined) context.tellExposed(`${path}.password`);
  const username = broker.username ?? address.username;
  if (own !== undefined && username === undefined)
    context.problem('conflict', path, 'the password belongs to nobody: give username');
  return { username, password: own ?? address.password };
}

function tlsOf(path: string, { broker, address }: Given, context: PlanContext): SideTls {
  const { tls } = broker;
  if (tls === undefined) return {};
  const at = `${path}.tls`;
  if (!address.secure) context.problem('conflict', at, 'tls needs an mqtts or wss url');
  const [cert, key] = [context.pem(`${at}.cert`, tls.cert), context.pem(`${at}.key`, tls.key)];
  if ((tls.cert === undefined) !== (tls.key === undefined))
    context.problem(
      'conflict',
      at,
      `cert and key belong together: ${tls.cert === undefined ? 'cert' : 'key'} is missing`,
    );
  const hasPassphrase = tls.passphrase !== undefined || tls.passphraseFile !== undefined;
  if (tls.passphrase !== undefined && tls.passphraseFile !== undefined)
    context.problem('conflict', `${at}.passphraseFile`, 'passphrase and passphraseFile exclude each other');
  if (hasPassphrase && tls.key === undefined)
    context.problem('conflict', at, 'a passphrase is of a key, which is missing');
  if (tls.passphrase !== undefined) context.tellExposed(`${at}.passphrase`);
  return {
    ca: context.pem(`${at}.ca`, tls.ca),
    cert,
    key,
    passphrase: tls.passphrase ?? context.secretFile(`${at}.passphraseFile`, tls.passphraseFile),
    servername: tls.servername,
    ALPNProtocols: tls.alpn,
  };
}

/** SCRAM proves a password that nobody gave, or by packets that 3.x has not. */
function checkAuth(path: string, { auth, username, password, version }: BridgeSide, context: PlanContext): void {
  if (auth === 'password') return;
  if (username === undefined || password === undefined)
    context.problem('conflict', `${path}.auth`, `${auth} needs a user and a password`);
  if (version !== undefined && version < 5) context.problem('conflict', `${path}.auth`, `${auth} needs mqtt 5`);
}
