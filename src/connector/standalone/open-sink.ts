/** A sink that is open without an engine. A `write` resolves when the sink has taken the item, `close` when everything is delivered. */
export interface OpenSink<T> extends WritableStream<T>, AsyncDisposable {}
