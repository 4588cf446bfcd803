import type { NodeKind } from '../cluster-node.js';
import { EngineNode } from './engine-node.js';
import { type EnginePipelineOptions, enginePipeline, storedCount } from './engine-pipeline.js';

/** Nodes with the real engine, whose sessions it makes itself. */
export function engineKind(options: EnginePipelineOptions): NodeKind {
  const pipeline = enginePipeline(options);
  return {
    begin: (setting) => new EngineNode(setting, pipeline),
    prepare: () => {},
    keys: options.keys,
    countOf: storedCount,
    mayLose: true,
  };
}
