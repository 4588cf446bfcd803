import { emptyState, type FailingNode, type Nested, stageFunctions } from './failing-pipeline.js';

/** What a tree leads to: of each sink its items, of each stage the items of its letters, in order. */
export interface Led {
  readonly outputs: Readonly<Record<string, readonly string[]>>;
  readonly letters: Readonly<Record<string, readonly string[]>>;
}

type States = Map<string, Map<number, Nested | number>>;

class GivenUp extends Error {
  readonly node: FailingNode;
  readonly stage: string;
  readonly item: string;

  constructor(node: FailingNode, stage: string, item: string) {
    super(stage);
    this.node = node;
    this.stage = stage;
    this.item = item;
  }
}

/**
 * The model: each input is run alone, against a copy of all states, which takes their place when it went well. What comes to an async
 * stage is an input of its own behind it.
 */
export class FailingModel {
  readonly #outputs = new Map<string, string[]>();
  readonly #letters = new Map<string, string[]>();
  #states: States = new Map();
  /** Of the input under way. */
  #led: { readonly sink: string; readonly item: string }[] = [];
  #called: { readonly node: FailingNode; readonly name: string; readonly item: string }[] = [];

  /** Everything that the inputs lead to. */
  static run(roots: readonly FailingNode[], inputs: readonly string[]): Led {
    const model = new FailingModel();
    let calls = inputs.flatMap((item) => model.#input(() => model.#branches(roots, 's', item)));
    // stage by stage: each has its calls in the order of the items
    while (calls.length > 0) calls = calls.flatMap((call) => model.#result(call));
    return { outputs: Object.fromEntries(model.#outputs), letters: Object.fromEntries(model.#letters) };
  }

  #result({ node, name, item }: { node: FailingNode; name: string; item: string }) {
    return this.#input(() => {
      const made = guarded(node, name, item, () => stageFunctions(node, name).map(item));
      this.#branches(node.next, `${name}-`, made);
    });
  }

  #input(run: () => void) {
    const before = structuredClone(this.#states);
    this.#led = [];
    this.#called = [];
    try {
      run();
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      this.#states = before;
      this.#led = [];
      this.#called = [];
      if (error.node.gives === 'letter') add(this.#letters, error.stage, error.item);
    }
    for (const { sink, item } of this.#led) add(this.#outputs, sink, item);
    return this.#called;
  }

  #branches(nodes: readonly FailingNode[], prefix: string, item: string): void {
    nodes.forEach((node, index) => {
      this.#stage(node, `${prefix}${index}`, item);
    });
  }

  #stage(node: FailingNode, name: string, item: string): void {
    const functions = stageFunctions(node, name);
    const on = (made: string): void => this.#branches(node.next, `${name}-`, made);
    const tried = <R>(work: () => R): R => guarded(node, name, item, work);
    switch (node.kind) {
      case 'sink':
        this.#led.push({ sink: name, item });
        break;
      case 'async':
        this.#called.push({ node, name, item });
        break;
      case 'map':
        on(tried(() => functions.map(item)));
        break;
      case 'filter':
        if (tried(() => functions.filter(item))) on(item);
        break;
      case 'flatMap': {
        const made = functions.flatMap(item);
        for (let one = tried(() => made.next()); one.done !== true; one = tried(() => made.next())) on(one.value);
        break;
      }
      case 'peek':
        tried(() => functions.peek(item));
        on(item);
        break;
      default:
        this.#keyed(node, name, item, on);
    }
  }

  #keyed(node: FailingNode, name: string, item: string, on: (made: string) => void): void {
    const functions = stageFunctions(node, name);
    const tried = <R>(work: () => R): R => guarded(node, name, item, work);
    const states = this.#states.get(name) ?? new Map<number, Nested | number>();
    this.#states.set(name, states);
    const key = functions.keyOf(item);
    const known = states.get(key);
    if (node.kind === 'sum') {
      const sum = tried(() => functions.sum(typeof known === 'number' ? known : 0, item));
      states.set(key, sum);
      on(`${key}=${sum}`);
      return;
    }
    const state = typeof known === 'object' ? known : emptyState();
    states.set(key, state);
    if (node.kind === 'keep') {
      if (tried(() => functions.keep(state, key, item))) on(item);
      return;
    }
    const made = tried(() => functions.count(state, key, item));
    if (functions.forget(state)) states.delete(key);
    if (made !== undefined) on(made);
  }
}

const guarded = <R>(node: FailingNode, name: string, item: string, work: () => R): R => {
  try {
    return work();
  } catch {
    throw new GivenUp(node, name, item);
  }
};

const add = (lists: Map<string, string[]>, name: string, item: string): void => {
  const list = lists.get(name) ?? [];
  list.push(item);
  lists.set(name, list);
};
