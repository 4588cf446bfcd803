import type { Attributes, Context, Link, Span, SpanContext, SpanKind, Tracer } from '@opentelemetry/api';
import type { DiagnosticData } from '../../metrics/diagnostics.js';
import { endSpan, OpenSpans } from './open-spans.js';
import { ProcessedSpans } from './processed-spans.js';
import { contextOf, propertiesOf, TRACEPARENT } from './trace-context.js';
import type { ResolvedTraces } from './traces-options.js';

/** What a span is begun with. */
interface Beginning {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links: readonly SpanContext[];
  /** Undefined: it begins a trace. */
  readonly parent: SpanContext | undefined;
}

/**
 * The spans of messages, by what channels tell of them. Of one that comes: `receive` until it is taken, and its child `process` until it is
 * acknowledged. Of one that goes: `publish` until it is confirmed, linked to the context that stands in it. That is the context of
 * `process`, where one message led to it, else of a `create`, which is linked to all that did. What leads from the one to the other after a
 * restart is what stands in the message.
 */
export class MessageSpans {
  readonly #options: ResolvedTraces;
  readonly #tracer: Tracer;
  readonly #received = new OpenSpans<string>();
  /** By source. */
  readonly #processed = new Map<string, ProcessedSpans>();
  readonly #published = new OpenSpans<number>();

  constructor(options: ResolvedTraces) {
    this.#options = options;
    this.#tracer = options.api.trace.getTracer('millrace');
  }

  receive({ source, token, topic, qos, payloadBytes, property }: DiagnosticData<'receive'>): void {
    const remote = contextOf(property, this.#options.api.createTraceState);
    const attributes = { 'millrace.source': source, 'millrace.qos': qos, 'messaging.message.body.size': payloadBytes };
    const span = this.#of('receive', source, remote, { ...attributes, ...this.#topic(topic) });
    this.#received.set(keyOf(source, token), { span, remote });
  }

  process({ source, token, position }: DiagnosticData<'process'>): void {
    const received = this.#received.take(keyOf(source, token));
    // it came before anybody listened
    if (received === undefined) return;
    const { span, remote } = received;
    endSpan(span);
    const child = this.#begin({
      name: `process ${source}`,
      kind: this.#options.api.SpanKind.CONSUMER,
      attributes: { ...operation('process', 'process'), 'millrace.source': source },
      links: this.#options.continueTraces ? [] : linkTo(remote),
      parent: span.spanContext(),
    });
    this.#processedOf(source).set(position, { span: child, remote });
  }

  processed({ source, upTo }: DiagnosticData<'processed'>): void {
    this.#processed.get(source)?.doneUpTo(upTo);
  }

  /** @param cause what led to it, where that is known */
  message(
    { sink, property, addProperty }: DiagnosticData<'message'>,
    cause: DiagnosticData<'hand-over'> | undefined,
  ): void {
    // what stands there is of who made the message
    if (!this.#options.inject || property(TRACEPARENT).length > 0) return;
    const contexts = cause === undefined ? [] : this.#contextsOf(cause);
    const [only, another] = contexts;
    const context = only !== undefined && another === undefined ? only : this.#created(sink, contexts);
    for (const [name, value] of propertiesOf(context)) addProperty(name, value);
  }

  publish({ sink, number, topic, qos, payloadBytes, property }: DiagnosticData<'publish'>): void {
    const remote = contextOf(property, this.#options.api.createTraceState);
    const attributes = { 'millrace.sink': sink, 'millrace.qos': qos, 'messaging.message.body.size': payloadBytes };
    const span = this.#of('publish', sink, remote, { ...attributes, ...this.#topic(topic) });
    this.#published.set(number, { span, remote });
  }

  delivered({ number, outcome }: DiagnosticData<'delivered'>): void {
    const span = this.#published.take(number)?.span;
    if (span === undefined) return;
    if (outcome !== 'delivered') {
      span.setStatus({ code: this.#options.api.SpanStatusCode.ERROR, message: outcome });
      span.setAttribute('error.type', outcome);
    }
    endSpan(span);
  }

  end(): void {
    this.#received.end();
    for (const spans of this.#processed.values()) spans.end();
    this.#published.end();
  }

  /** One that begins with the context of a message, as its link or its parent. */
  #of(name: 'receive' | 'publish', part: string, remote: SpanContext | undefined, attributes: Attributes): Span {
    const { continueTraces, api } = this.#options;
    return this.#begin({
      name: `${name} ${part}`,
      kind: api.SpanKind.CLIENT,
      attributes: { ...operation(name, name === 'publish' ? 'send' : name), ...attributes },
      links: continueTraces ? [] : linkTo(remote),
      parent: continueTraces ? remote : undefined,
    });
  }

  #created(sink: string, links: readonly SpanContext[]): SpanContext {
    const span = this.#begin({
      name: `create ${sink}`,
      kind: this.#options.api.SpanKind.PRODUCER,
      attributes: { ...operation('create', 'create'), 'millrace.sink': sink },
      links,
      parent: undefined,
    });
    endSpan(span);
    return span.spanContext();
  }

  #begin({ name, kind, attributes, links, parent }: Beginning): Span {
    const { trace, ROOT_CONTEXT } = this.#options.api;
    const within: Context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const linked: Link[] = links.map((context) => ({ context }));
    return this.#tracer.startSpan(name, { kind, attributes, links: linked }, within);
  }

  #contextsOf({ source, first, last }: DiagnosticData<'hand-over'>): readonly SpanContext[] {
    return this.#processed.get(source)?.contexts(first, last) ?? [];
  }

  #processedOf(source: string): ProcessedSpans {
    const known = this.#processed.get(source) ?? new ProcessedSpans();
    this.#processed.set(source, known);
    return known;
  }

  #topic(topic: string): Attributes {
    return this.#options.topics ? { 'messaging.destination.name': topic } : {};
  }
}

const keyOf = (source: string, token: number): string => `${token} ${source}`;
const linkTo = (remote: SpanContext | undefined): readonly SpanContext[] => (remote === undefined ? [] : [remote]);

const operation = (name: string, type: string): Attributes => ({
  'messaging.system': 'mqtt',
  'messaging.operation.name': name,
  'messaging.operation.type': type,
});
