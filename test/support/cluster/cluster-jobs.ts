/** A job that tests run on a cluster: from the topics `<name>/in/<level>` to `<name>/out/<level>`, exactly once. */
export interface ClusterJobSpec {
  /** Also the client id of its source. */
  readonly name: string;
  /** What it is, in a table. */
  readonly title: string;
  readonly protocolVersion: 4 | 5;
  /** Each message goes out with its number among those of its level, which is in the job's state. */
  readonly counts: boolean;
  /** The numbers of the messages are told of in windows, too: by a key that messages of all levels have. */
  readonly windows?: boolean;
  readonly partitions: number;
  /** How messages are divided among partitions: those of a level come to one, or as the broker likes; undefined where there is one. */
  readonly spread?: 'levels' | 'shared' | 'first';
  /** It reads no broker: it has so many items in each partition, of the levels in turn, and completes. */
  readonly items?: number;
}

/** The last levels of its topics. */
export const LEVELS = ['a', 'b', 'c'] as const;

/**
 * With state, in one partition; without, in three; with state in three, where what comes is exchanged by its key. Each with both versions
 * of MQTT.
 */
export const CLUSTER_JOBS: readonly ClusterJobSpec[] = ([5, 4] as const).flatMap(
  (protocolVersion): ClusterJobSpec[] => {
    const mqtt = protocolVersion === 5 ? 'MQTT 5.0' : 'MQTT 3.1.1';
    const partitions = LEVELS.length;
    return [
      {
        name: `counting-${protocolVersion}`,
        title: `a count for each key in its state, one partition, ${mqtt}`,
        protocolVersion,
        counts: true,
        partitions: 1,
      },
      {
        name: `passing-${protocolVersion}`,
        title: `without state, three partitions by topic, ${mqtt}`,
        protocolVersion,
        counts: false,
        partitions,
        spread: 'levels',
      },
      {
        name: `exchanging-${protocolVersion}`,
        title: `a count for each key in its state, three partitions with an exchange, ${mqtt}`,
        protocolVersion,
        counts: true,
        partitions,
        spread: protocolVersion === 5 ? 'levels' : 'first',
      },
    ];
  },
);

/** The broker divides: the order of a topic is given up. */
export const SHARED_JOB: ClusterJobSpec = {
  name: 'sharing-5',
  title: 'without state, three partitions that share, MQTT 5.0',
  protocolVersion: 5,
  counts: false,
  partitions: LEVELS.length,
  spread: 'shared',
};

/** Windows whose items come from all partitions, by the time of the messages. */
export const WINDOWS_JOB: ClusterJobSpec = {
  name: 'windows-5',
  title: 'windows by key, three partitions with an exchange, MQTT 5.0',
  protocolVersion: 5,
  counts: false,
  windows: true,
  partitions: LEVELS.length,
  spread: 'levels',
};
