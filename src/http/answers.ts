import type { JobRunner } from '../engine/job-runner.js';
import { visibleJson } from '../internal/visible-text.js';
import { type Body, jsonBody } from './answer.js';
import { FRESH_MS, MadeOnce } from './policy/made-once.js';
import { isAbout } from './snapshot/belongs-to-job.js';
import { EngineObserver, type Looked } from './snapshot/engine-snapshot.js';
import { metricsText } from './snapshot/metrics-text.js';
import { type Readiness, readinessOf } from './snapshot/readiness.js';
import type { ProcessListener } from './told/process-listener.js';

/** What is answered of one look at the jobs: each when it is asked for first. */
class LookedAnswers {
  readonly #looked: Looked;
  #readiness: Readiness | undefined;
  #jobs: Body | undefined;
  #frame: Uint8Array | undefined;
  #firstFrame: Uint8Array | undefined;
  #metrics: Body | undefined;

  constructor(looked: Looked) {
    this.#looked = looked;
  }

  get readiness(): Readiness {
    this.#readiness ??= readinessOf(this.#looked.snapshot);
    return this.#readiness;
  }

  get jobs(): Body {
    this.#jobs ??= jsonBody(this.#looked.snapshot);
    return this.#jobs;
  }

  get frame(): Uint8Array {
    this.#frame ??= frameOf('jobs', visibleJson(this.#looked.snapshot));
    return this.#frame;
  }

  /** With what was seen before: once for each who comes. */
  get firstFrame(): Uint8Array {
    const histories = Object.fromEntries(this.#looked.histories);
    this.#firstFrame ??= Buffer.concat([frameOf('histories', visibleJson(histories)), this.frame]);
    return this.#firstFrame;
  }

  get metrics(): Body {
    this.#metrics ??= {
      type: 'text/plain; version=0.0.4; charset=utf-8',
      bytes: Buffer.from(metricsText(this.#looked)),
    };
    return this.#metrics;
  }
}

/** How often it is looked where nobody asks: who asks once is told what has stood still since before. */
const LOOK_MS = 5000;

/**
 * What viewers are shown each second is as new as that: the timer of a busy machine fires less than a second after the last look, and a frame of that one
 * would show nothing new.
 */
const SHOWN_MS = FRESH_MS / 2;

/** What is answered of an engine: all of one look at it, a second old at most. */
export class Answers implements Disposable {
  readonly #engine: Pick<JobRunner, 'jobs'>;
  readonly #listener: ProcessListener;
  readonly #looked: MadeOnce<LookedAnswers>;
  readonly #looking: NodeJS.Timeout;
  /** Up to where viewers were told of events. */
  #toldSeq: number;

  /** @param control whether jobs may be controlled here */
  constructor(engine: Pick<JobRunner, 'jobs'>, listener: ProcessListener, control: boolean) {
    this.#engine = engine;
    this.#listener = listener;
    this.#toldSeq = listener.events.lastSeq;
    const observer = new EngineObserver(engine, listener, control);
    this.#looked = new MadeOnce((nowMs) => new LookedAnswers(observer.look(nowMs)));
    this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** It is looked no more by itself. */
  [Symbol.dispose](): void {
    clearInterval(this.#looking);
  }

  get jobs(): Body {
    return this.#now.jobs;
  }

  get metrics(): Body {
    return this.#now.metrics;
  }

  /** @param trusted whether it is said why */
  ready(trusted: boolean): { readonly status: number; readonly body: Body } {
    const { ready, reasons } = this.#now.readiness;
    const told = { status: ready ? 'ready' : 'not-ready', ...(trusted ? { reasons } : {}) };
    return { status: ready ? 200 : 503, body: jsonBody(told) };
  }

  /** What a viewer sees first. */
  firstFrame(): Uint8Array {
    return this.#now.firstFrame;
  }

  /** What all viewers are shown next: what has happened since the last time, and how the jobs stand. */
  nextFrame(): Uint8Array {
    const { events } = this.#listener;
    const { jobs } = this.#engine;
    // what is about no job here is of another engine of this process
    const news = events.since(this.#toldSeq).filter(({ facts }) => jobs.some((job) => isAbout(job, facts)));
    this.#toldSeq = events.lastSeq;
    const told = news.length === 0 ? [] : [frameOf('events', visibleJson(news))];
    return Buffer.concat([...told, this.#looked.at(performance.now(), SHOWN_MS).frame]);
  }

  #look(): void {
    try {
      this.#looked.at(performance.now());
    } catch {
      // a gauge of the user's throws: who asks is told so
    }
  }

  get #now(): LookedAnswers {
    return this.#looked.at(performance.now());
  }
}

/** JSON has no line break, which would end the data. */
const frameOf = (event: string, json: string): Uint8Array => Buffer.from(`event: ${event}\ndata: ${json}\n\n`);
