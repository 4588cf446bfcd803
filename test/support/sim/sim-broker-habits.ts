/** How a broker behaves where brokers differ. */
export interface SimBrokerHabits {
  /** Most QoS 1 and 2 messages in flight to a client that names no Receive Maximum. */
  readonly window: number;
  /** What makes room for another message of QoS 2. */
  readonly opensAt: 'pubrec' | 'pubcomp';
  /** What CONNACK says it takes at once; undefined: nothing is said. */
  readonly receiveMaximum: number | undefined;
  readonly maximumQoS: 1 | 2;
  /** Gives out the lowest free packet id, rather than the next one. */
  readonly lowestId: boolean;
  /** When an incoming QoS 2 message is passed on [MQTT-4.3.3, figure 4.3]. */
  readonly deliversAt: 'publish' | 'pubrel';
  /** PUBREC of a PUBLISH whose id is known. */
  readonly knownIdAnswer: 0x00 | 0x91;
  /** The id of an incoming QoS 2 message is forgotten after so long without a PUBREL. */
  readonly forgetsAfterMs: number;
  /** A PUBLISH with DUP 1 and an unknown id is acknowledged and dropped. */
  readonly dropsUnknownDup: boolean;
  /** PUBCOMP of a PUBREL whose id is unknown. */
  readonly unknownReleaseAnswer: 0x00 | 0x92;
  /** After a restart all but the first so many messages that a client has answered with PUBREC are sent again by PUBLISH. */
  readonly pubrecsKept: number;
  /**
   * A message that has its PUBREC, and whose PUBREL was to be sent again on a connection that ended before that, is sent by PUBLISH on the
   * next.
   */
  readonly repeatsUnwritten: boolean;
  /**
   * What a `kill -9` leaves: `everything`; `no-receipts`: the sessions, but not the ids and messages that wait for a PUBREL;
   * `last-save`: what was there at the last save; or `nothing`.
   */
  readonly keeps: 'everything' | 'no-receipts' | 'last-save' | 'nothing';
  /** Milliseconds between saves, which only `last-save` needs. */
  readonly savesEveryMs: number;
}

const SPECIFICATION: SimBrokerHabits = {
  window: 65_535,
  opensAt: 'pubcomp',
  receiveMaximum: undefined,
  maximumQoS: 2,
  lowestId: false,
  deliversAt: 'publish',
  knownIdAnswer: 0x00,
  forgetsAfterMs: Number.POSITIVE_INFINITY,
  dropsUnknownDup: false,
  unknownReleaseAnswer: 0x92,
  pubrecsKept: Number.POSITIVE_INFINITY,
  repeatsUnwritten: false,
  keeps: 'everything',
  savesEveryMs: Number.POSITIVE_INFINITY,
};

const MOSQUITTO: SimBrokerHabits = {
  ...SPECIFICATION,
  window: 20,
  opensAt: 'pubrec',
  receiveMaximum: 20,
  deliversAt: 'pubrel',
  repeatsUnwritten: true,
  unknownReleaseAnswer: 0x00,
};

/** Measured on mosquitto 2.0.11 with persistence, and stated by the sources of EMQX and the documentation of RabbitMQ. */
export const SIM_BROKERS = {
  specification: SPECIFICATION,
  /** Shut down in order, or saved before it is killed, and with `max_inflight_messages` as large as our Receive Maximum. */
  mosquitto: MOSQUITTO,
  /** As aedes or HiveMQ may: with ids that are used again at once. */
  lowestFree: { ...SPECIFICATION, lowestId: true },
  /** Its `max_inflight_messages` as it comes. */
  mosquittoStockWindow: { ...MOSQUITTO, pubrecsKept: 20 },
  /** Killed: what waits for a PUBREL does not count as a change worth saving. */
  mosquittoKilled: { ...MOSQUITTO, keeps: 'no-receipts' },
  /** Killed: it goes on from its last save. */
  mosquittoSaved: { ...MOSQUITTO, keeps: 'last-save', savesEveryMs: 40 },
  emqx: { ...SPECIFICATION, window: 32, receiveMaximum: 32, knownIdAnswer: 0x91, forgetsAfterMs: 300_000 },
  /** From 6.2.0 on. */
  emqxTrustingDup: {
    ...SPECIFICATION,
    window: 32,
    receiveMaximum: 32,
    knownIdAnswer: 0x91,
    forgetsAfterMs: 300_000,
    dropsUnknownDup: true,
  },
  rabbitmq: { ...SPECIFICATION, window: 20, receiveMaximum: 20, maximumQoS: 1 },
} as const satisfies Readonly<Record<string, SimBrokerHabits>>;

export type SimBrokerName = keyof typeof SIM_BROKERS;
