import type { PipelineGraph, ServiceWork } from '../../vertex.js';
import type { ServicePlan } from '../pipeline-plan.js';
import { SharedService } from './shared-service.js';

/** Those of the stages of a run, by the ids of these. */
export const servicesOf = ({ vertices }: PipelineGraph): ReadonlyMap<number, ServicePlan> => {
  const shared = new Map<object, SharedService>();
  return new Map(
    vertices.flatMap(({ id, name, work }) => {
      const service = 'service' in work ? work.service : undefined;
      if (service === undefined) return [];
      const ends = endsOf(service, shared);
      const create: ServicePlan['create'] = (context) => ends.create(context);
      const destroy: ServicePlan['destroy'] = (made) => ends.destroy(made);
      return [[id, { name, retry: service.retry, create, destroy, current: undefined }] as const];
    }),
  );
};

const endsOf = (service: ServiceWork, shared: Map<object, SharedService>): Pick<ServiceWork, 'create' | 'destroy'> => {
  if (service.sharedBy === undefined) return service;
  const known = shared.get(service.sharedBy) ?? new SharedService(service);
  shared.set(service.sharedBy, known);
  return known;
};
