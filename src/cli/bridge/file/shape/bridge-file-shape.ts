import { AUTH_CHOICES, GUARANTEE_CHOICES, ON_ERROR_CHOICES, SESSION_LOSS_CHOICES } from '../../bridge-options.js';
import type { Field, RecordShape, ValueOf } from './shape.js';

const MAX_SECONDS = 999_999;
const TEXT = { kind: 'text' } as const;
const FLAG = { kind: 'flag' } as const;
const PATH = { kind: 'text', format: 'path' } as const;
const FILTERS = { kind: 'list', of: { kind: 'text', format: 'filter' } } as const;
const SECRET = { kind: 'text', secret: true } as const;
const SECONDS = { kind: 'seconds', max: MAX_SECONDS } as const;
const NAME = { kind: 'text', format: 'name' } as const;

const TLS = {
  ca: { shape: PATH, help: 'Certificate authority to trust, a PEM file', fallback: 'those that Node trusts' },
  cert: { shape: PATH, help: 'Client certificate, a PEM file; with `key`' },
  key: { shape: PATH, help: 'Its key, a PEM file' },
  passphrase: { shape: SECRET, help: 'Of an encrypted `key`' },
  passphraseFile: { shape: PATH, help: 'The file in which the passphrase is' },
  servername: {
    shape: TEXT,
    help: 'What the certificate of the broker must name, and SNI asks for',
    fallback: 'the host of `url`',
  },
  alpn: { shape: { kind: 'list', of: TEXT }, help: 'Protocols to offer by ALPN, best first, for brokers on port 443' },
} as const satisfies Readonly<Record<string, Field>>;

const BROKER = {
  url: {
    shape: { kind: 'text', format: 'url' },
    required: true,
    help: '`mqtt`, `tcp`, `mqtts`, `ssl`, `tls`, `ws` or `wss`; a user may stand in it (`mqtts://user@host`)',
  },
  username: { shape: TEXT, help: 'Who we are there' },
  password: { shape: SECRET, help: 'Better from the environment, `${VARIABLE}`, or by `passwordFile`' },
  passwordFile: { shape: PATH, help: 'The file in which the password is; a line break at its end is left out' },
  auth: {
    shape: { kind: 'choice', of: AUTH_CHOICES },
    help: '`scram-sha-256` proves the password without sending it, and the broker proves that it knows it (MQTT 5 only)',
    fallback: '`password`',
  },
  mqtt: {
    shape: { kind: 'choice', of: [5, 4, 3] },
    help: 'MQTT 5.0, 3.1.1 or 3.1',
    fallback: 'the newest that the broker takes',
  },
  keepalive: {
    shape: { kind: 'whole', max: 65_535 },
    help: 'Seconds of quiet after which we ask whether the broker is there; 0: never',
    fallback: '60',
  },
  followServerReference: {
    shape: FLAG,
    help: 'Go where the broker sends its clients, never from TLS to plain text',
    fallback: 'false',
  },
  refusalTimeout: {
    shape: SECONDS,
    help: 'How long a broker that had accepted us may refuse us before that fails the routes at it; 0: at once',
    fallback: 'for ever',
  },
  tls: { shape: { kind: 'record', fields: TLS }, help: 'For `mqtts` and `wss`' },
} as const satisfies Readonly<Record<string, Field>>;

const DEAD_LETTERS = {
  file: { shape: PATH, help: 'Each is appended to this file as a line of JSON; a file is of one route' },
  topic: {
    shape: { kind: 'text', format: 'topic' },
    help: 'Each is published to this topic of the broker of `to`, by a client of its own, with `-letters-0` behind `clientId`',
  },
} as const satisfies Readonly<Record<string, Field>>;

const ROUTE = {
  from: { shape: NAME, required: true, help: 'The broker to read from, by its name' },
  to: { shape: NAME, required: true, help: 'The broker to publish to; may be the same' },
  filters: { shape: FILTERS, required: true, help: 'What to read; `+`, `#` and `$share/group/` as usual' },
  exclude: { shape: FILTERS, help: 'Messages whose topic matches one of these are left out' },
  topic: {
    shape: { kind: 'text', format: 'template' },
    required: true,
    help: 'Where to publish: `{topic}` is the received topic, `{level.N}` its N-th level from 1; `{{` and `}}` are braces',
  },
  clientId: {
    shape: TEXT,
    required: true,
    help: 'Client id of the reading side; the publishing side has `-0` behind it. No other client of the broker may have it',
  },
  qos: {
    shape: { kind: 'choice', of: [0, 1, 2] },
    help: 'Highest QoS, reading and publishing; a message keeps its own if that is lower',
    fallback: '1 (exactly-once: 2)',
  },
  guarantee: {
    shape: { kind: 'choice', of: GUARANTEE_CHOICES },
    help: '`exactly-once` needs `dir` and publishes everything at QoS 2',
    fallback: '`at-least-once` (QoS 0: `none`)',
  },
  retain: {
    shape: FLAG,
    help: 'Whether messages keep their retain flag; false: published without it',
    fallback: 'true',
  },
  onError: {
    shape: { kind: 'choice', of: ON_ERROR_CHOICES },
    help: 'What becomes of a message that is malformed, or that the other broker refuses for good',
    fallback: '`fail`; with `deadLetters` that',
  },
  deadLetters: { shape: { kind: 'record', fields: DEAD_LETTERS }, help: 'Where such messages go: `file` or `topic`' },
  onSessionLoss: {
    shape: { kind: 'choice', of: SESSION_LOSS_CHOICES },
    help: 'What becomes of what was under way when a broker has lost the session',
    fallback: 'exactly-once: `fail`; at-least-once: `redeliver`; none: `drop`',
  },
  maxOutboxMessages: {
    shape: { kind: 'whole', min: 1, max: 1_000_000_000 },
    help: 'With `exactly-once`, how many messages may be stored for the other broker, before no more are read',
    fallback: '1000000',
  },
  maxOutboxBytes: {
    shape: { kind: 'whole', min: 1, max: 1_000_000_000_000 },
    help: 'With `exactly-once`, their bytes; the state takes up to three times as much of the disk',
    fallback: '1073741824',
  },
  adoptSession: {
    shape: FLAG,
    help: 'Go on with a session at the reading broker that `dir` knows nothing of; take it out again afterwards',
    fallback: 'false',
  },
  giveUp: {
    shape: { kind: 'list', of: TEXT },
    help: "What `dir` has of a part that was taken away and is given up: `'client x'`; take it out again afterwards",
  },
  whenRemoved: {
    shape: { kind: 'choice', of: ['drain', 'keep'] },
    help: 'What a reload does when the route is in the file no more: deliver what was read and unsubscribe, or stop and keep all',
    fallback: '`drain`',
  },
} as const satisfies Readonly<Record<string, Field>>;

/** The whole file. */
export const BRIDGE_FILE = {
  kind: 'record',
  fields: {
    dir: {
      shape: PATH,
      help: 'Where routes with exactly-once keep their state; of one process at a time. A reload cannot change it',
    },
    drainTimeout: {
      shape: SECONDS,
      help: 'Seconds that a stop waits until what was read is delivered (exactly-once: stored)',
      fallback: '10',
    },
    brokers: {
      shape: { kind: 'named', each: 'broker', of: { kind: 'record', fields: BROKER } },
      required: true,
      help: 'The brokers, each by a name of your choice',
    },
    routes: {
      shape: { kind: 'named', each: 'route', of: { kind: 'record', fields: ROUTE } },
      required: true,
      help: 'The routes, each by a name, which is its identity: what is stored goes by it',
    },
  },
} as const satisfies RecordShape;

/** What a file says, checked for shape. */
export type BridgeFile = ValueOf<typeof BRIDGE_FILE>;
export type FileBroker = ValueOf<{ kind: 'record'; fields: typeof BROKER }>;
export type FileRoute = ValueOf<{ kind: 'record'; fields: typeof ROUTE }>;
