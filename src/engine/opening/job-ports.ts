import type { OnError } from '../../connector/sink.js';
import type { SourceDefinition } from '../../connector/source.js';
import type { AnySink } from '../../pipeline/any-sink.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { RejectionPolicy } from '../tick/lanes/rejection-policy.js';
import { calledNames } from './called-names.js';

/** A sink that a job opens: one of the pipeline or a dead-letter sink. */
export interface PlannedSink {
  /** No other sink of the job has it. */
  readonly name: string;
  /** In metrics, events and errors, as `calledNames` has it. */
  readonly called: string;
  /** As the user gave it. */
  readonly sink: AnySink;
  /** Where its own rejected items go. */
  readonly rejection: RejectionPolicy;
}

/** A source that a job opens. */
export interface PlannedSource {
  /** No other stage of the pipeline has it. */
  readonly name: string;
  /** In metrics, events and errors, as `calledNames` has it. */
  readonly called: string;
  /** As the user gave it. */
  readonly source: SourceDefinition<unknown>;
  /** Where its rejected inputs go. */
  readonly rejection: RejectionPolicy;
}

/** Everything that a job opens. The sinks of the pipeline come first, then the dead-letter sinks, each once. */
export interface JobPorts {
  /** In the order of the plan. */
  readonly sources: readonly PlannedSource[];
  /** By the id of a stage, of those that give items up. */
  readonly stageRejections: ReadonlyMap<number, RejectionPolicy>;
  /** What `RejectionPolicy` counts. */
  readonly sinks: readonly PlannedSink[];
}

/** Dead-letter sinks by identity: one that several sources, stages and sinks share is opened once. */
class SinkList {
  readonly sinks: Omit<PlannedSink, 'called'>[] = [];
  readonly #deadLetters = new Map<object, number>();

  addAll(sinks: PipelinePlan['sinks']): void {
    const names = new Map(sinks.map(({ sink, name }, index) => [index, { sink, name }]));
    // places first, policies second: a dead-letter sink goes behind all sinks of the pipeline, whose indices the plan has fixed
    for (const { sink, name } of names.values()) this.sinks.push({ sink, name, rejection: { kind: 'fail' } });
    for (const [index, { sink, name }] of names) {
      this.sinks[index] = { sink, name, rejection: this.resolve(sink.onError) };
    }
  }

  resolve(onError: OnError): RejectionPolicy {
    if (onError === 'fail' || onError === 'skip') return { kind: onError };
    const { deadLetter } = onError;
    const known = this.#deadLetters.get(deadLetter);
    if (known !== undefined) return { kind: 'deadLetter', sink: known };
    const index = this.sinks.length;
    this.#deadLetters.set(deadLetter, index);
    const name = this.#freeName(deadLetter.name);
    // in the list before its own policy is asked for, so that its index is the one that was promised
    this.sinks.push({ name, sink: deadLetter, rejection: { kind: 'fail' } });
    this.sinks[index] = { name, sink: deadLetter, rejection: this.resolve(deadLetter.onError) };
    return { kind: 'deadLetter', sink: index };
  }

  /** Names of the pipeline's stages are different; a dead-letter sink has one only here. */
  #freeName(wanted: string): string {
    const taken = new Set(this.sinks.map(({ name }) => name));
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
    return name;
  }
}

/** Resolves every `onError` to one list of sinks. */
export const planPorts = (plan: Pick<PipelinePlan, 'sources' | 'sinks' | 'stageErrors'>): JobPorts => {
  const list = new SinkList();
  list.addAll(plan.sinks);
  const sourcesCalled = calledNames(plan.sources.map(({ name, source }) => ({ name, own: source.name })));
  const sources = plan.sources.map(({ name, source }, index): PlannedSource => {
    return { name, called: sourcesCalled[index] ?? name, source, rejection: list.resolve(source.onError) };
  });
  const stageRejections = new Map(plan.stageErrors.map(({ vertex, onError }) => [vertex, list.resolve(onError)]));
  const called = calledNames(list.sinks.map(({ name, sink }) => ({ name, own: sink.name })));
  return {
    sources,
    stageRejections,
    sinks: list.sinks.map((sink, index) => ({ ...sink, called: called[index] ?? sink.name })),
  };
};
