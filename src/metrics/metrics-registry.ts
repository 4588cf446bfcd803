import { MillraceError } from '../errors/millrace-error.js';
import { CounterInstrument, GaugeInstrument, HistogramInstrument } from './instruments.js';
import type { Counter, Gauge, Histogram, Labels } from './metrics.js';
import type { HistogramSnapshot, MetricSample, MetricsSnapshot, ReadableMetrics } from './metrics-snapshot.js';
import { formatPrometheus } from './prometheus.js';

type Kind = MetricSample['kind'];
type Instrument = CounterInstrument | GaugeInstrument | HistogramInstrument;

interface Entry {
  readonly name: string;
  readonly help: string;
  readonly labels: Labels;
  readonly instrument: Instrument;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The order of labels does not tell two instruments apart. */
const keyOf = (name: string, labels: Labels): string =>
  `${name}${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;

/** The default implementation of {@link Metrics}: instruments in this process, read by `snapshot` and `toPrometheus`. */
export class MetricsRegistry implements ReadableMetrics {
  /** In the order of creation, by name and labels; nothing leaves it. */
  readonly #entries = new Map<string, Entry>();
  /** By name: Prometheus takes one kind for a name, whatever its labels. */
  readonly #kinds = new Map<string, Kind>();

  /** @throws MillraceError INVALID_OPTIONS for a malformed name, or one that is taken by another kind of instrument */
  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#instrument({ name, help, labels }, CounterInstrument, () => new CounterInstrument());
  }

  /** @throws as `counter` */
  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#instrument({ name, help, labels }, GaugeInstrument, () => new GaugeInstrument());
  }

  /**
   * `buckets` are ascending upper bounds; a last one without bound is implied. The first call for a name and labels decides.
   * @throws as `counter`
   */
  histogram(name: string, help: string, buckets: readonly number[], labels: Labels = {}): Histogram {
    return this.#instrument({ name, help, labels }, HistogramInstrument, () => new HistogramInstrument(buckets));
  }

  /** Every instrument's value now, as plain data, in the order of creation. */
  snapshot(): MetricsSnapshot {
    return [...this.#entries.values()].map(sampleOf);
  }

  /** The text format of Prometheus, version 0.0.4. */
  toPrometheus(): string {
    return formatPrometheus(this.snapshot());
  }

  /** The one that is there, whoever asks: a connector that is opened again goes on counting. */
  #instrument<I extends Instrument>(
    meta: Omit<Entry, 'instrument'>,
    type: { new (...args: never[]): I; readonly kind: Kind },
    create: () => I,
  ): I {
    this.#check(meta.name, type.kind);
    const key = keyOf(meta.name, meta.labels);
    const existing = this.#entries.get(key)?.instrument;
    if (existing instanceof type) return existing;
    const instrument = create();
    this.#entries.set(key, { ...meta, labels: Object.freeze({ ...meta.labels }), instrument });
    return instrument;
  }

  #check(name: string, kind: Kind): void {
    const taken = this.#kinds.get(name) ?? kind;
    if (taken !== kind) {
      throw new MillraceError('INVALID_OPTIONS', `the metric ${name} is a ${taken}, not a ${kind}`);
    }
    if (!NAME.test(name)) throw new MillraceError('INVALID_OPTIONS', `"${name}" is no metric name`);
    this.#kinds.set(name, kind);
  }
}

const sampleOf = ({ name, help, labels, instrument }: Entry): MetricSample => {
  if (instrument instanceof HistogramInstrument) {
    const value: HistogramSnapshot = instrument.read();
    return { kind: 'histogram', name, help, labels, value };
  }
  const kind = instrument instanceof CounterInstrument ? 'counter' : 'gauge';
  return { kind, name, help, labels, value: instrument.read() };
};
