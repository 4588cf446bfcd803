import type { NatsAuth, NatsOptions, NatsTlsOptions } from '../../nats/nats-options.js';
import { serverPlace } from '../../nats/server-place.js';
import type { CommandOptions } from '../command.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { requiredOption } from '../options/option-values.js';
import { readPassword } from '../options/read-secret.js';
import { usageError } from '../options/usage-error.js';

/** Where the password of `--nats-user` is looked for when no option says it. */
const PASSWORD_VARIABLE = 'MILLRACE_NATS_PASSWORD';

/** How every command that needs a cluster's NATS servers is told of them. */
export const NATS_FLAGS = {
  cluster: {
    kind: 'value',
    argument: 'URLS',
    help: 'The NATS servers of a cluster: nats://a:4222,nats://b:4222 (tls://: with TLS)',
  },
  'nats-user': { kind: 'value', argument: 'U' },
  'nats-password-env': { kind: 'value', argument: 'V' },
  'nats-password-file': {
    kind: 'value',
    argument: 'F',
    help: `Who we are to them; the password is in the environment variable V (default ${PASSWORD_VARIABLE}) or in the file F`,
  },
  'nats-creds': { kind: 'value', argument: 'F', help: 'Or: a file with a JWT and a seed, as nsc writes it' },
  'nats-ca': { kind: 'value', argument: 'F' },
  'nats-cert': { kind: 'value', argument: 'F' },
  'nats-key': { kind: 'value', argument: 'F', help: 'PEM files for TLS with them' },
} as const satisfies CommandOptions;

/** Reads what `NATS_FLAGS` say. Throws INVALID_OPTIONS. */
export function parseNatsFlags(options: CollectedOptions, environment: NodeJS.ProcessEnv): NatsOptions {
  const servers = requiredOption(options, 'cluster').split(',');
  // not shown: one with a password may be among them
  if (!servers.every((server) => serverPlace(server) !== undefined)) {
    throw usageError(
      '--cluster must be URLs of NATS servers as nats://host:4222, with commas between, without a user: that is --nats-user',
      'cluster',
    );
  }
  const auth = authOf(options, environment);
  const tls = tlsOf(options);
  return { servers, ...(auth && { auth }), ...(tls && { tls }) };
}

function authOf(options: CollectedOptions, environment: NodeJS.ProcessEnv): NatsAuth | undefined {
  const user = options.value('nats-user');
  const credentialsFile = options.value('nats-creds');
  const given = readPassword(options, environment, 'nats-');
  if (user === undefined && given !== undefined)
    throw usageError('the password belongs to nobody: give --nats-user', 'nats-user');
  if (credentialsFile !== undefined) {
    if (user !== undefined) throw usageError('--nats-user and --nats-creds exclude each other', 'nats-creds');
    return { credentialsFile };
  }
  if (user === undefined) return undefined;
  const password = given ?? environment[PASSWORD_VARIABLE];
  if (password !== undefined && password !== '') return { user, password };
  throw usageError(
    `--nats-user needs a password: set ${PASSWORD_VARIABLE}, or give --nats-password-env or --nats-password-file`,
    'nats-user',
  );
}

function tlsOf(options: CollectedOptions): NatsTlsOptions | undefined {
  const [caFile, certFile, keyFile] = ['nats-ca', 'nats-cert', 'nats-key'].map((name) => options.value(name));
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'nats-cert' : 'nats-key';
    throw usageError(`--nats-cert and --nats-key belong together: --${missing} is missing`, missing);
  }
  if (caFile === undefined && certFile === undefined) return undefined;
  return { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) };
}
