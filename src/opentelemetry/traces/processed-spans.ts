import type { SpanContext } from '@opentelemetry/api';
import { endSpan, type KnownSpan, OpenSpans } from './open-spans.js';

/** A poll may have given more than this, and a span has no more links than this by the defaults of SDKs. */
const MOST_LINKS = 128;

/** The spans of the messages that the run of a source has taken, by their positions. */
export class ProcessedSpans {
  readonly #spans = new OpenSpans<number>();
  /** All below are done. Undefined before the first. */
  #next: number | undefined;

  set(position: number, known: KnownSpan): void {
    // each run counts from 0
    if (position === 0) this.end();
    this.#next ??= position;
    this.#spans.set(position, known);
  }

  /** Those up to this position are done; their contexts are known for a while. */
  doneUpTo(last: number): void {
    if (this.#next === undefined) return;
    for (; this.#next <= last; this.#next += 1) {
      const known = this.#spans.get(this.#next);
      if (known !== undefined) endSpan(known.span);
    }
  }

  /** Of positions from the first to the last, at most 128. */
  contexts(first: number, last: number): readonly SpanContext[] {
    const found: SpanContext[] = [];
    for (let position = first; position <= last && found.length < MOST_LINKS; position += 1) {
      const known = this.#spans.get(position);
      if (known !== undefined) found.push(known.span.spanContext());
    }
    return found;
  }

  end(): void {
    this.#spans.end();
    this.#next = undefined;
  }
}
