import type { SourceStage } from '../stage.js';
import type { TimestampsWork } from '../vertex.js';
import type { GraphBuilder } from './graph-builder.js';
import { StageHandle } from './stage-handle.js';
import { registerStage } from './stage-registry.js';
import { ingestionWork, timestampsWork } from './timestamps-work.js';

/** The stage of a source, which may be given a time. */
export const sourceStage = <T>(graph: GraphBuilder, id: number): SourceStage<T> => {
  // by the name of the source, which the watermark is stored under: one that counts stages would change with those before it
  const timed = (work: TimestampsWork) =>
    new StageHandle<T, true>(graph, graph.add(work, [id], `time of ${graph.nameOf(id)}`));
  const stage: SourceStage<T> = Object.assign(new StageHandle<T>(graph, id), {
    withTimestamps: (...given: Parameters<SourceStage<T>['withTimestamps']>) => timed(timestampsWork(...given)),
    withIngestionTimestamps: (...given: Parameters<SourceStage<T>['withIngestionTimestamps']>) =>
      timed(ingestionWork(...given)),
    withoutTimestamps: () => stage,
  });
  return registerStage(stage, graph, id, 'stage');
};
