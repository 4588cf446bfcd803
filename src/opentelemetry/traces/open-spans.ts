import type { Span, SpanContext } from '@opentelemetry/api';

/** A span, and the context that its message brought. */
export interface KnownSpan {
  readonly span: Span;
  readonly remote: SpanContext | undefined;
}

/** Of each kind: what is in flight is fewer, and what is done is linked to for a while. */
const MOST = 10_000;

/** Once: a second end would be told by the SDK. */
export const endSpan = (span: Span): void => {
  if (span.isRecording()) span.end();
};

/** The last spans of a kind, by what names their message. The oldest is ended when there are too many. */
export class OpenSpans<K> {
  readonly #spans = new Map<K, KnownSpan>();

  /** In place of one with this key, which is ended. */
  set(key: K, known: KnownSpan): void {
    this.#end(key);
    this.#spans.set(key, known);
    if (this.#spans.size <= MOST) return;
    const [oldest] = this.#spans.keys();
    if (oldest !== undefined) this.#end(oldest);
  }

  get(key: K): KnownSpan | undefined {
    return this.#spans.get(key);
  }

  /** It is none of them any more. */
  take(key: K): KnownSpan | undefined {
    const known = this.#spans.get(key);
    this.#spans.delete(key);
    return known;
  }

  /** Ends all. */
  end(): void {
    for (const { span } of this.#spans.values()) endSpan(span);
    this.#spans.clear();
  }

  #end(key: K): void {
    const known = this.take(key);
    if (known !== undefined) endSpan(known.span);
  }
}
