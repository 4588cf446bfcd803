import type { Labels } from '../metrics/metrics.js';

/** What an instrument is called there. */
export interface InstrumentName {
  /** With dots. */
  readonly name: string;
  /** By UCUM; empty: it counts things. */
  readonly unit: string;
  /** That all its values have. */
  readonly attributes: Labels;
}

const MQTT = { 'messaging.system': 'mqtt' };
const PUBLISH = { ...MQTT, 'messaging.operation.name': 'publish' };

/** Those for which the conventions for messaging have a name. What they call low cardinality a source or sink keeps by its own name. */
const BY_CONVENTION: ReadonlyMap<string, InstrumentName> = new Map([
  [
    'millrace_source_messages_total',
    {
      name: 'messaging.client.consumed.messages',
      unit: '{message}',
      attributes: { ...MQTT, 'messaging.operation.name': 'receive' },
    },
  ],
  ['millrace_sink_messages_total', { name: 'messaging.client.sent.messages', unit: '{message}', attributes: PUBLISH }],
  [
    'millrace_sink_ack_latency_seconds',
    { name: 'messaging.client.operation.duration', unit: 's', attributes: PUBLISH },
  ],
  [
    'millrace_source_latency_seconds',
    {
      name: 'messaging.process.duration',
      unit: 's',
      attributes: { ...MQTT, 'messaging.operation.name': 'process' },
    },
  ],
]);

/** Without its unit it would have the name of the bytes of commits: of two kinds of instruments with one name a reader gets one. */
const COMMIT_TIME: InstrumentName = { name: 'millrace.job.commit.duration', unit: 's', attributes: {} };

/** What stands between dots; what follows is one word with underscores. */
const PARTS = /^millrace_(?:(job|source|sink|table|exchange|postgres)_)?/;
const UNITS: readonly (readonly [end: string, unit: string])[] = [
  ['_seconds', 's'],
  ['_bytes', 'By'],
];

/**
 * The name by the conventions of OpenTelemetry: dots, the unit beside it, no `_total`. An exporter to Prometheus makes ours of it again, but for
 * those that have a name by the conventions, and the time of a commit. No two of ours have the same.
 */
export const instrumentName = (name: string): InstrumentName => {
  const known = name === 'millrace_job_commit_seconds' ? COMMIT_TIME : BY_CONVENTION.get(name);
  if (known !== undefined) return known;
  const bare = name.replace(/_total$/, '');
  const [end, unit] = UNITS.find(([one]) => bare.endsWith(one)) ?? ['', ''];
  const word = bare.slice(0, bare.length - end.length);
  const dotted = word.replace(PARTS, (_, part?: string) => (part === undefined ? 'millrace.' : `millrace.${part}.`));
  return { name: dotted, unit, attributes: {} };
};

/** Our labels, as attributes of our own: `millrace.job`. They hold what the user has named, and nothing that others choose. */
export const attributesOf = (labels: Labels, { attributes }: InstrumentName): Labels => ({
  ...attributes,
  ...Object.fromEntries(Object.entries(labels).map(([label, value]) => [`millrace.${label}`, value])),
});
