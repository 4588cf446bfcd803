import { LiveContext } from '../../connector/builder/live-context.js';
import type { OpenContext } from '../../connector/open-context.js';
import { Retries } from '../../connector/retry/retries.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { PipelinePlan, ServicePlan } from '../../pipeline/compile/pipeline-plan.js';
import { type Closable, closePorts, type NamedPort } from './close-ports.js';
import { openAll } from './open-in-order.js';
import { openPort } from './open-port.js';
import type { RunRequest } from './run-parts.js';

/** Makes the services of the stages, each as often as it takes. They are closed last: calls under way may use them until then. */
export const openServices = (
  { options: { job, guarantee, metrics }, signal, abort }: RunRequest,
  { services }: PipelinePlan,
): Promise<readonly NamedPort<Closable>[]> => {
  const context: OpenContext = { job, guarantee, metrics, signal };
  const opening = services.map((service) =>
    openPort({ job, part: `stage "${service.name}"`, signal }, () => openService(service, context)),
  );
  return openAll(opening, { job, abort });
};

const openService = async (service: ServicePlan, context: OpenContext): Promise<Closable> => {
  const { job, metrics, signal } = context;
  const retries = new Retries({ kind: 'stage', name: service.name, job, metrics }, service.retry);
  const live = new LiveContext<unknown>(service, context, retries);
  const made = await live.make(signal);
  retries.over('passed');
  service.current = made.context;
  return live;
};

/** Opens what is opened behind the services, which are closed where that fails. */
export const closingOnFailure = async <P>(
  { job, services }: { readonly job: string; readonly services: readonly NamedPort<Closable>[] },
  open: () => Promise<P>,
): Promise<P> => {
  try {
    return await open();
  } catch (error) {
    await closePorts(job, services);
    throw MillraceError.from(error);
  }
};
