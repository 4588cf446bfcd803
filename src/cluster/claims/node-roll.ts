import type { ClaimsAction } from './claims-action.js';
import type { ClusterView } from './cluster-view.js';

/** So long after its last beat nothing is kept of a node, in milliseconds. */
const FORGET_MS = 3_600_000;

/** Who was called alive, so that each coming and going is told once. */
export class NodeRoll {
  readonly #alive = new Set<string>();

  /** What changed since the last time. One node, the first of those that are alive, has the forgetting done. */
  changes(view: ClusterView, self: string): readonly ClaimsAction[] {
    const gone = [...this.#alive].filter((node) => !view.isAlive(node));
    for (const node of gone) this.#alive.delete(node);
    const joined = view.nodes.filter(({ node }) => view.isAlive(node) && !this.#alive.has(node));
    for (const { node } of joined) this.#alive.add(node);
    const first = [...this.#alive].sort()[0];
    const old = first === self ? view.nodes.filter(({ node }) => view.silentMs(node) > FORGET_MS) : [];
    return [
      ...gone.map((node): ClaimsAction => ({ type: 'node-gone', node, silentMs: view.silentMs(node) })),
      ...joined.map(({ node }): ClaimsAction => ({ type: 'node-joined', node })),
      ...old.map(({ node }): ClaimsAction => {
        view.forget(node);
        return { type: 'forget', node };
      }),
    ];
  }
}
