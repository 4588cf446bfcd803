import { type OptionChecks, options } from '../internal/options/check-options.js';
import {
  anObject,
  either,
  flag,
  func,
  must,
  type OptionCheck,
  someText,
  text,
} from '../internal/options/option-checks.js';
import type { NatsAuth, NatsOptions, NatsTlsOptions } from './nats-options.js';
import { serverPlace } from './server-place.js';

type AuthNames = Partial<Record<NatsAuth extends infer Way ? (Way extends Way ? keyof Way : never) : never, unknown>>;

const secret = either('a string or a function', someText, func);

const AUTH: OptionChecks<AuthNames> = {
  user: someText,
  password: either('a string or a function', text, func),
  token: secret,
  nkeySeed: must(
    'the seed of an nkey, which begins with S',
    (value) => typeof value === 'string' && /^S[A-Z2-7]+$/.test(value),
  ),
  credentialsFile: someText,
};

/** One way to say who we are, and all of it. */
const WAYS: readonly string[] = ['user,password', 'token', 'nkeySeed', 'credentialsFile'];

const authCheck: OptionCheck = (value, name) => {
  const problems = options<AuthNames>(AUTH)(value, name);
  if (problems.length > 0) return problems;
  const given = Object.entries(Object(value)).filter(([, member]) => member !== undefined);
  const way = given.map(([key]) => key).sort();
  const known = WAYS.map((names) => names.split(',').sort().join());
  return known.includes(way.join())
    ? []
    : [`${name} must be one of { user, password }, { token }, { nkeySeed } and { credentialsFile }`];
};

const TLS: OptionChecks<NatsTlsOptions> = {
  caFile: someText,
  certFile: someText,
  keyFile: someText,
  handshakeFirst: flag,
};

const tlsCheck: OptionCheck = (value, name) =>
  either(
    'true, false or an object',
    flag,
    anObject,
  )(value, name).concat(typeof value === 'object' ? options<NatsTlsOptions>(TLS)(value, name) : []);

const isServer = (server: unknown): boolean => typeof server === 'string' && serverPlace(server) !== undefined;

/** The value is not shown: a URL may have a password, which has its place elsewhere. */
const serversCheck = must(
  "a URL like 'nats://host:4222' (without a user: that is the option auth), several with commas between, or an array of them",
  (value) => {
    const servers: unknown = typeof value === 'string' ? value.split(',') : value;
    return Array.isArray(servers) && servers.length > 0 && servers.every(isServer);
  },
);

/** Of all that is said about the servers. */
export const NATS_CHECKS: OptionChecks<NatsOptions> = {
  servers: serversCheck,
  auth: authCheck,
  tls: tlsCheck,
  name: someText,
};
