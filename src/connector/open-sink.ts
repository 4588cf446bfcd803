import type { OpenOptions } from './open-source.js';
import type { SinkDefinition } from './sink.js';

/** A sink that is open without an engine. A `write` resolves when the sink has taken the item, `close` when everything is delivered. */
export interface OpenSink<T> extends WritableStream<T>, AsyncDisposable {}

/** What `MqttSinks`, `Sinks` and `SinkBuilder` build. */
export interface Sink<in T> extends SinkDefinition<T> {
  /** Opens it without an engine. */
  open(options?: OpenOptions): Promise<OpenSink<T>>;
}
