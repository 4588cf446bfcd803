import type { MillraceError } from '../errors/millrace-error.js';
import type { OpenContext, PartitionOf } from './open-context.js';
import type { ProcessingGuarantee } from './processing-guarantee.js';
import type { OnError } from './sink.js';
import type { SourceReader } from './source-reader.js';
import type { OpenOptions } from './standalone/open-options.js';
import type { OpenSource } from './standalone/open-source.js';

/** How copies of an item are told in a durable job, by the keys that `poll` gives. The oldest keys go first, by age or by number. */
export interface Deduplication {
  /** Milliseconds by the wall clock for which a key is known. */
  readonly ttlMs: number;
  /** How many keys are known at most. */
  readonly maxEntries: number;
}

/** A source as plain data: nothing is opened before `createReader`. */
export interface SourceDefinition<T> {
  /** Names it in errors, metrics and the store, unless its stage was given a name. */
  readonly name: string;
  /** What only one reader or writer of a job may use, e.g. a client id at a broker. Two equal claims are refused with DUPLICATE_SESSION. */
  readonly claims: readonly string[];
  /**
   * Where no other may have an equal claim: in its job (default), or in all jobs of an engine that have not ended, as a client id at a
   * broker. One that is equal within its job is refused either way.
   */
  readonly claimScope?: 'job' | 'engine' | undefined;
  /** The guarantee of a job that names none. */
  readonly defaultGuarantee: ProcessingGuarantee;
  /** The error to refuse a job with that asks for this guarantee, with the ways out; undefined when it can be given. */
  refuse(guarantee: ProcessingGuarantee): MillraceError | undefined;
  /** What happens to rejected inputs. `fail` never gives any: poll throws. */
  readonly onError: OnError;
  /** It gives at-least-once only with its state in a store. Default false. */
  readonly needsStore?: boolean | undefined;
  /** Set when `poll` gives keys. */
  readonly deduplication?: Deduplication | undefined;
  /**
   * How the input is divided when the job has several partitions. `first` (default): all of it comes to the first one, and nothing is
   * opened in the others. `each`: each opens its own part. `unsaid`: whoever builds the source has to say, and a job with several is
   * refused.
   */
  readonly spread?: 'first' | 'each' | 'unsaid' | undefined;
  /** `claims` of one partition of several. Default: those of the source, which then can have one only. */
  claimsOf?(partition: PartitionOf): readonly string[];
  /**
   * Loads what opening it would load first, such as modules. A node of a cluster calls it when it joins, since it may have to open the source in
   * the place of a node that died. What it rejects with is told by the opening that fails by it.
   */
  load?(): Promise<unknown>;
  /** Resolves when items can arrive (an MQTT source: when the subscription is granted). */
  createReader(context: OpenContext): Promise<SourceReader<T>>;
}

/** What `MqttSources`, `TestSources` and `SourceBuilder` build. */
export interface Source<T> extends SourceDefinition<T> {
  /** Opens it without an engine. Resolves when items can arrive. */
  open(options?: OpenOptions): Promise<OpenSource<T>>;
}
