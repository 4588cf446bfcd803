import type { OpenContext } from '../connector/source.js';
import { MillraceError } from '../errors/millrace-error.js';
import { compilePipeline } from '../pipeline/compile-pipeline.js';
import type { PipelinePlan } from '../pipeline/pipeline-plan.js';
import type { PipelineGraph } from '../pipeline/vertex.js';
import { assembleLanes } from './assemble-lanes.js';
import { JobDriver, type RunOutcome } from './job-driver.js';
import { type InFlight, NOTHING_IN_FLIGHT } from './job-metrics.js';
import { type JobPorts, type OpenPorts, planPorts } from './job-ports.js';
import type { JobTallies } from './job-tallies.js';
import { closeAll, openPorts } from './open-ports.js';
import { TickMachine } from './tick-machine.js';

export interface JobRunOptions extends Pick<OpenContext, 'job' | 'guarantee' | 'metrics'> {
  readonly graph: PipelineGraph;
  readonly tallies: JobTallies;
  readonly drainTimeoutMs: number;
  readonly maxItemsInFlight: number;
  readonly maxBytesInFlight: number;
}

/** One run of a job, from opening its ports to closing them. A restarted job is a new run. */
export class JobRun {
  readonly #options: JobRunOptions;
  readonly #abort = new AbortController();
  #driver: JobDriver | undefined;
  #machine: TickMachine | undefined;
  #drainAsked = false;
  #stopped: MillraceError | undefined;

  constructor(options: JobRunOptions) {
    this.#options = options;
  }

  get inFlight(): InFlight {
    return this.#machine ?? NOTHING_IN_FLIGHT;
  }

  /** Opens, runs and closes. Rejects with the MillraceError that failed the run. Call once. */
  async execute(onOpen: () => void): Promise<RunOutcome> {
    const plan = compilePipeline(this.#options.graph);
    const ports = planPorts(plan);
    const open = await this.#open(plan, ports);
    if (open === undefined) return 'drained';
    try {
      const driver = this.#assemble(plan, ports, open);
      if (this.#stopped !== undefined) throw this.#stopped;
      onOpen();
      return await driver.run();
    } catch (error) {
      throw MillraceError.from(error);
    } finally {
      this.#abort.abort(new MillraceError('ABORTED', `job "${this.#options.job}" has stopped`));
      await closeAll(open.readers);
      await closeAll(open.writers);
    }
  }

  /** Stops gracefully: polls no more and waits for what is in flight. While still opening, gives up opening. */
  drain(): void {
    this.#drainAsked = true;
    if (this.#driver === undefined) this.#abort.abort(new MillraceError('ABORTED', 'stopped while opening'));
    else this.#driver.drain();
  }

  /** Stops at once; `execute` rejects with this error. */
  stop(error: MillraceError): void {
    this.#stopped ??= error;
    this.#abort.abort(error);
    this.#driver?.stop(error);
  }

  /** Undefined when a drain was asked for meanwhile. */
  async #open(plan: PipelinePlan, { sinks }: JobPorts): Promise<OpenPorts | undefined> {
    const { job, guarantee, metrics } = this.#options;
    const context: OpenContext = { job, guarantee, metrics, signal: this.#abort.signal };
    try {
      return await openPorts({ sources: plan.sources, sinks }, context, (error) => this.#abort.abort(error));
    } catch (error) {
      if (this.#stopped !== undefined) throw this.#stopped;
      if (this.#drainAsked) return undefined;
      throw MillraceError.from(error);
    }
  }

  #assemble(plan: PipelinePlan, ports: JobPorts, open: OpenPorts): JobDriver {
    const { tallies, drainTimeoutMs } = this.#options;
    const lanes = assembleLanes({ plan, ports, open, tallies });
    const machine = new TickMachine({
      ...lanes,
      maxItemsInFlight: this.#options.maxItemsInFlight,
      maxBytesInFlight: this.#options.maxBytesInFlight,
      acknowledgeOnReceipt: this.#options.guarantee === 'none',
      tallies,
      startCall: (lane, slot) => driver.call(lane, slot, this.#abort.signal),
    });
    const driver = new JobDriver({ machine, sources: lanes.sources, sinks: lanes.sinks, drainTimeoutMs });
    this.#machine = machine;
    this.#driver = driver;
    if (this.#drainAsked) driver.drain();
    return driver;
  }
}
