import { MillraceError } from '../../errors/millrace-error.js';
import type { GraphBuilder } from './graph-builder.js';

/** A stage of one kind has items, one of the other items with keys. */
export type HandleKind = 'stage' | 'stage with keys';

interface Handle {
  readonly kind: HandleKind;
  readonly graph: GraphBuilder;
  readonly id: number;
}

/** Stages built so far, so that what takes another one can tell whether it is of the same pipeline. */
const handles = new WeakMap<object, Handle>();

/** Remembers which vertex a stage stands for. */
export const registerStage = <S extends object>(stage: S, graph: GraphBuilder, id: number, kind: HandleKind): S => {
  handles.set(stage, { kind, graph, id });
  return stage;
};

/**
 * The vertex of another stage of the same pipeline.
 * @param method what is given it
 * @throws MillraceError INVALID_OPTIONS
 */
export const vertexOf = (
  other: { readonly name: string },
  { method, graph, kind }: { readonly method: string; readonly graph: GraphBuilder; readonly kind: HandleKind },
): number => {
  const known = handles.get(other);
  if (known?.kind === kind && known.graph === graph) return known.id;
  const what = known?.kind === kind ? `${other.name} is a stage of another pipeline` : `it is no ${kind}`;
  throw new MillraceError('INVALID_OPTIONS', `${method}: ${what}`);
};
