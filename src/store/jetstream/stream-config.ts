/** Settings of a stream, as JetStream writes them; `undefined` stands for the server's default. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects?: readonly string[];
  readonly num_replicas: number;
  readonly max_bytes: number;
  /** Of ours it has `IDENTITY`; servers add their own. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly [setting: string]: unknown;
}

/** In the metadata of a stream: drawn by who makes it. */
const IDENTITY = 'millrace-identity';

/** What differs from log to log. */
export interface StreamWish {
  readonly name: string;
  readonly subject: string;
  readonly replicas: number;
  /** -1: as much as the account may have. */
  readonly maxBytes: number;
}

/**
 * What a log needs of its stream. With `discard: old`, or any limit but that of bytes, the stream would drop what was acknowledged, in
 * silence; roll-ups, a time to live and deletions remove records from the middle; batches are what makes a large record enter at once.
 */
const NEEDED = {
  retention: 'limits',
  storage: 'file',
  discard: 'new',
  deny_delete: true,
  allow_atomic: true,
  allow_direct: true,
  max_msgs: -1,
  max_age: 0,
  max_msgs_per_subject: -1,
} as const;

/** What must not be set: it is left out, and is then false, empty or the default. */
const FORBIDDEN = [
  'allow_rollup_hdrs',
  'allow_msg_ttl',
  'allow_msg_counter',
  'allow_msg_schedules',
  'deny_purge',
  'discard_new_per_subject',
  'no_ack',
  'sealed',
  'mirror',
  'sources',
  'republish',
  'subject_transform',
  'subject_delete_marker_ttl',
] as const;

/** How a stream is made. @param drawn what no other stream has */
export const configOf = ({ name, subject, replicas, maxBytes }: StreamWish, drawn: string): StreamConfig => ({
  name,
  subjects: [subject],
  num_replicas: replicas,
  max_bytes: maxBytes,
  metadata: { [IDENTITY]: drawn },
  ...NEEDED,
});

/** What tells a stream from another one under its name. */
export interface StreamIdentity {
  /** By who made it; undefined where an earlier version did, or somebody has removed it. */
  readonly drawn: string | undefined;
  /**
   * By the server that leads it. A CREATE of a stream that is there, as a second node or a lost answer leads to, has the servers take another
   * time for it, each at its next start.
   */
  readonly created: string;
}

export const identityOf = ({
  config,
  created,
}: {
  readonly config: StreamConfig;
  readonly created: string;
}): StreamIdentity => ({ drawn: config.metadata?.[IDENTITY], created });

export const isSameStream = (one: StreamIdentity, other: StreamIdentity): boolean =>
  one.drawn === undefined || other.drawn === undefined ? one.created === other.created : one.drawn === other.drawn;

/** Why a stream that is there cannot be a log; empty: it can. */
export const configProblems = (config: StreamConfig, { subject, replicas }: StreamWish): readonly string[] => {
  const problems = Object.entries(NEEDED)
    .filter(([setting, value]) => config[setting] !== value)
    .map(([setting, value]) => `${setting} is ${shown(config[setting])} and must be ${shown(value)}`);
  for (const setting of FORBIDDEN) if (isSet(config[setting])) problems.push(`${setting} is set and must not be`);
  if (config.persist_mode !== undefined && config.persist_mode !== 'default') {
    problems.push(`persist_mode is ${shown(config.persist_mode)} and must be "default"`);
  }
  if (config.subjects?.length !== 1 || config.subjects[0] !== subject) {
    problems.push(`subjects is ${shown(config.subjects)} and must be ${shown([subject])}`);
  }
  if (config.num_replicas < replicas) {
    problems.push(`num_replicas is ${config.num_replicas} and must be at least ${replicas}`);
  }
  return problems;
};

const shown = (value: unknown): string => JSON.stringify(value) ?? 'not set';

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false && value !== 0;
