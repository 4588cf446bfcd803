import type * as Yaml from 'yaml';
import type { FileEntry, FileValue } from './file-value.js';
import type { Place, ProblemCode, Problems } from './problem.js';

/** Values of a file with its aliases followed: without a bound a few lines are billions (`a: [*b, *b]`, nine times). */
const MAX_VALUES = 20_000;
const MERGE = '<<';

interface Surroundings {
  readonly placeAt: (offset: number) => Place;
  readonly problems: Problems;
}

/** Makes plain values of what the parser gives, aliases and merge keys followed. */
export class TreeReader {
  readonly #yaml: typeof Yaml;
  readonly #document: Yaml.Document.Parsed;
  readonly #around: Surroundings;
  /** What each alias stands for: the last anchor of its name before it. */
  readonly #targets: ReadonlyMap<unknown, Yaml.Node>;
  /** The anchors that are being followed: one that comes again lies in itself. */
  readonly #following = new Set<unknown>();
  #values = 0;

  constructor(yaml: typeof Yaml, document: Yaml.Document.Parsed, around: Surroundings) {
    this.#yaml = yaml;
    this.#document = document;
    this.#around = around;
    this.#targets = targetsOf(yaml, document);
  }

  /** undefined where a problem was told. */
  read(): FileValue | undefined {
    const { contents } = this.#document;
    if (contents !== null) return this.#value(contents, this.#placeOf(contents));
    this.#tell('missing-key', this.#around.placeAt(0), 'the file is empty: it needs brokers and routes');
    return undefined;
  }

  #value(node: unknown, fallback: Place): FileValue | undefined {
    const { isAlias, isScalar, isMap, isSeq, isNode } = this.#yaml;
    const place = isNode(node) ? this.#placeOf(node) : fallback;
    this.#values += 1;
    if (this.#values > MAX_VALUES) {
      if (this.#values === MAX_VALUES + 1)
        this.#tell('too-large', place, `a file has at most ${MAX_VALUES} values, aliases followed`);
      return undefined;
    }
    if (isNode(node) && node.tag !== undefined && !isAlias(node)) return this.#refuseTag(place);
    if (isAlias(node)) return this.#alias(this.#targets.get(node), place);
    if (isMap(node)) return { kind: 'map', place, entries: this.#entries(node) };
    if (isSeq(node))
      return { kind: 'list', place, items: node.items.flatMap((item) => this.#value(item, place) ?? []) };
    const text = isScalar(node) ? String(node.value ?? '') : '';
    return { kind: 'scalar', place, text, plain: !isScalar(node) || node.type === 'PLAIN' || node.type === undefined };
  }

  #refuseTag(place: Place): undefined {
    this.#tell('syntax', place, 'tags (!) are not taken');
  }

  #alias(target: Yaml.Node | undefined, place: Place): FileValue | undefined {
    if (target === undefined || this.#following.has(target)) {
      this.#tell('syntax', place, 'an alias names an anchor that stands before it, and does not lie in itself');
      return undefined;
    }
    this.#following.add(target);
    const value = this.#value(target, place);
    this.#following.delete(target);
    return value;
  }

  /** What a map says itself counts before what is merged into it, of which the first counts. */
  #entries(map: Yaml.YAMLMap): ReadonlyMap<string, FileEntry> {
    const own = new Map<string, FileEntry>();
    const merged: FileValue[] = [];
    for (const { key, value } of map.items) {
      const place = this.#yaml.isNode(key) ? this.#placeOf(key) : this.#placeOf(map);
      const name = this.#yaml.isScalar(key) ? String(key.value ?? '') : undefined;
      const read = this.#value(value, place);
      if (name === undefined) this.#tell('syntax', place, 'a key is a text');
      else if (name === MERGE && read !== undefined) merged.push(read);
      else if (own.has(name)) this.#tell('duplicate-key', place, 'this key stands here twice');
      else if (read !== undefined) own.set(name, { place, value: read });
    }
    for (const [name, entry] of this.#merged(merged)) if (!own.has(name)) own.set(name, entry);
    return own;
  }

  #merged(values: readonly FileValue[]): ReadonlyMap<string, FileEntry> {
    const found = new Map<string, FileEntry>();
    for (const value of values.flatMap((one) => (one.kind === 'list' ? one.items : [one]))) {
      if (value.kind !== 'map') this.#tell('wrong-type', value.place, 'what << merges are keys and their values');
      else for (const [name, entry] of value.entries) if (!found.has(name)) found.set(name, entry);
    }
    return found;
  }

  #placeOf({ range }: { readonly range?: Yaml.Range | null | undefined }): Place {
    return this.#around.placeAt(range?.[0] ?? 0);
  }

  #tell(code: ProblemCode, place: Place, message: string): void {
    this.#around.problems.add({ code, place, path: '', message });
  }
}

/** Once for all: what `Alias.resolve` finds by walking over the document, for each alias anew. */
function targetsOf(yaml: typeof Yaml, document: Yaml.Document.Parsed): ReadonlyMap<unknown, Yaml.Node> {
  const anchors = new Map<string, Yaml.Node>();
  const targets = new Map<unknown, Yaml.Node>();
  yaml.visit(document, {
    Node: (_key, node) => {
      const target = yaml.isAlias(node) ? anchors.get(node.source) : undefined;
      if (target !== undefined) targets.set(node, target);
      else if (node.anchor !== undefined && !yaml.isAlias(node)) anchors.set(node.anchor, node);
    },
  });
  return targets;
}
