import type { CommandOptions } from '../command.js';
import { COMMON_OPTIONS } from '../options/common-options.js';
import { forSide } from './side-options.js';

export const QOS_CHOICES = ['0', '1', '2'] as const;
export const GUARANTEE_CHOICES = ['none', 'at-least-once', 'exactly-once'] as const;
export const SESSION_LOSS_CHOICES = ['fail', 'redeliver', 'drop'] as const;
export const ON_ERROR_CHOICES = ['fail', 'skip', 'dead-letter'] as const;
export const AUTH_CHOICES = ['password', 'scram-sha-256'] as const;
export const VERSION_CHOICES = ['5', '4', '3'] as const;
export const DEFAULT_CONNECT_SECONDS = 10;

/** What may be said of both sides, or, with `from-` or `to-` in front, of one. */
export const SIDE_OPTIONS = {
  mqtt: {
    kind: 'value',
    argument: VERSION_CHOICES.join('|'),
    choices: VERSION_CHOICES,
    help: 'MQTT 5.0, 3.1.1 or 3.1 (default: the newest that the broker takes)',
  },
  username: { kind: 'value', argument: 'U', help: 'For both sides, but a side whose URL names a user' },
  'password-env': { kind: 'value', argument: 'V', help: 'The password is in the environment variable V' },
  'password-file': { kind: 'value', argument: 'F', help: 'The password is in the file F' },
  ca: { kind: 'value', argument: 'F', help: 'Certificate authority to trust, as a PEM file, for mqtts and wss' },
  cert: { kind: 'value', argument: 'F' },
  key: { kind: 'value', argument: 'F', help: 'Client certificate and its key, as PEM files' },
  'passphrase-env': {
    kind: 'value',
    argument: 'V',
    help: 'The passphrase of the key is in the environment variable V',
  },
  servername: {
    kind: 'value',
    argument: 'NAME',
    help: 'What the certificate of the broker must name, and SNI asks for (default: the host of the URL)',
  },
  alpn: { kind: 'list', argument: 'P...', help: 'Protocols to offer by ALPN, best first (a broker on port 443)' },
  keepalive: {
    kind: 'value',
    argument: 'S',
    help: 'Seconds of quiet after which we ask whether the broker is there (default 60; 0: never)',
  },
} as const satisfies CommandOptions;

/** What `millrace bridge` takes. */
export const BRIDGE_OPTIONS = {
  config: {
    kind: 'value',
    short: 'c',
    argument: 'FILE',
    help: 'Several routes, both directions: a YAML file says them, and all but --stats, --json and --http',
  },
  check: {
    kind: 'flag',
    help: 'With --config: look at the file, ask its brokers what they keep, say it, and end; 1 where something would fail',
  },
  from: {
    kind: 'value',
    argument: 'URL',
    required: true,
    help: 'Broker to read from: mqtt://host:1883, mqtts://, ws://, wss://; a user may stand in it (mqtts://user@host)',
  },
  topic: {
    kind: 'list',
    argument: 'FILTER...',
    required: true,
    help: 'What to read; may repeat and takes several filters; + # and $share/group/ as usual',
  },
  exclude: {
    kind: 'list',
    argument: 'FILTER...',
    help: 'Messages whose topic matches one of these are left out; may repeat and takes several',
  },
  to: { kind: 'value', argument: 'URL', required: true, help: 'Broker to publish to' },
  'to-topic': {
    kind: 'value',
    argument: 'TEMPLATE',
    required: true,
    help: 'Topic to publish to: {topic} is the received topic, {level.N} its N-th level from 1, {{ }} are braces',
  },
  'client-id': {
    kind: 'value',
    argument: 'ID',
    required: true,
    help: 'Client id of the reading side; the publishing side is ID-0',
  },
  qos: {
    kind: 'value',
    argument: QOS_CHOICES.join('|'),
    choices: QOS_CHOICES,
    help: 'Highest QoS, reading and publishing (default 1; with exactly-once 2)',
  },
  guarantee: {
    kind: 'value',
    argument: 'G',
    choices: GUARANTEE_CHOICES,
    help: 'none, at-least-once or exactly-once (default at-least-once; with --qos 0 none)',
  },
  dir: {
    kind: 'value',
    argument: 'D',
    help: 'Where exactly-once keeps its state, across crashes too; one process at a time. The others keep none',
  },
  'no-retain': { kind: 'flag', help: 'Publish without the retain flag, whatever the message had' },
  'on-session-loss': {
    kind: 'value',
    argument: 'P',
    choices: SESSION_LOSS_CHOICES,
    help: `When a broker has lost the session: fail (default with exactly-once), redeliver (default with
at-least-once) what was under way, which may double it, or drop it, which may lose it`,
  },
  'on-error': {
    kind: 'value',
    argument: 'E',
    choices: ON_ERROR_CHOICES,
    help: `A message that is malformed, or that the other broker refuses for good: fail (default), skip it, or
dead-letter, with --dead-letters F or --dead-letter-topic T, which also stand for it`,
    insteadOfMore: 'the place of dead letters is told by --dead-letters F or --dead-letter-topic T',
  },
  'dead-letters': { kind: 'value', argument: 'F', help: 'Such a message is appended to F as a line of JSON' },
  'dead-letter-topic': {
    kind: 'value',
    argument: 'T',
    help: 'Such a message is published to T of the broker of --to, by a client of its own, ID-letters-0',
  },
  'adopt-session': {
    kind: 'flag',
    help: 'Go on with a session at the reading broker that --dir knows nothing of (a lost or new directory)',
  },
  ...SIDE_OPTIONS,
  ...forSide('from', SIDE_OPTIONS),
  ...forSide('to', SIDE_OPTIONS),
  auth: {
    kind: 'value',
    argument: 'A',
    choices: AUTH_CHOICES,
    help: `How sides with a user and a password use it: password (default), or scram-sha-256, which proves it without
sending it, and the broker to us (MQTT 5 only)`,
  },
  'follow-server-reference': {
    kind: 'flag',
    help: 'Go where a broker sends its clients (MQTT 5: Use another server, Server moved), never from TLS to plain text',
  },
  'stop-after': {
    kind: 'value',
    argument: 'N',
    help: 'Stop when N messages were received, delivered and acknowledged',
  },
  'connect-timeout': {
    kind: 'value',
    argument: 'S',
    help: `How long the first connections may take (default ${DEFAULT_CONNECT_SECONDS}; 0: for ever); later ones are tried for ever`,
  },
  'refusal-timeout': {
    kind: 'value',
    argument: 'S',
    help: `How long a broker that had accepted us may refuse us (password, certificate, access rule) before that
fails the bridge (default: for ever; 0: at once)`,
  },
  ...COMMON_OPTIONS,
} as const satisfies CommandOptions;
