import type { Places } from '../read/check-shape.js';
import type { ProblemCode, Problems } from '../read/problem.js';
import type { FileAccess } from './file-access.js';

/** What planning goes by besides what the file says. */
export class PlanContext {
  readonly files: FileAccess;
  readonly notes: string[] = [];
  /** What must not be repeated by what the library says. */
  readonly secrets = new Set<string>();
  readonly #places: Places;
  readonly #literals: ReadonlySet<string>;
  readonly #problems: Problems;
  readonly #readByOthers: boolean;

  constructor(parts: {
    readonly files: FileAccess;
    readonly places: Places;
    readonly literals: ReadonlySet<string>;
    readonly readByOthers: boolean;
    readonly problems: Problems;
  }) {
    this.files = parts.files;
    this.#places = parts.places;
    this.#literals = parts.literals;
    this.#problems = parts.problems;
    this.#readByOthers = parts.readByOthers;
  }

  /** At the value of the path, or at what has it where it is not there. */
  problem(code: ProblemCode, path: string, message: string, nearest?: string): undefined {
    let at = path;
    while (!this.#places.has(at) && at !== '') at = at.slice(0, Math.max(0, at.lastIndexOf('.')));
    const place = this.#places.get(at) ?? { line: 1, column: 1 };
    this.#problems.add({ code, place, path, message: this.#withoutSecrets(message), nearest });
  }

  /** A secret that stands at the path of the file, which others may read. */
  tellExposed(path: string): void {
    if (this.#readByOthers && this.#literals.has(path))
      this.notes.push(
        `${path}: other users can read the secret in the file: chmod 600, or take it from the environment or a file of its own`,
      );
  }

  /** The content of the file that a path of the plan names. */
  content(path: string, name: string | undefined): Buffer | undefined {
    if (name === undefined) return undefined;
    const content = this.files.read(name);
    if (typeof content !== 'string') return Buffer.from(content);
    return this.problem('unreadable', path, `the file cannot be read: ${content}`);
  }

  /** The secret in a file. */
  secretFile(path: string, name: string | undefined): string | undefined {
    const text = this.content(path, name)
      ?.toString('utf8')
      .replace(/\r?\n$/, '');
    if (name === undefined || text === undefined) return undefined;
    if (text === '') return this.problem('wrong-value', path, 'the file is empty');
    this.#tellReadable(path, name);
    return text;
  }

  /** A PEM file: Node takes one without any certificate for an empty list, and then trusts nobody. */
  pem(path: string, name: string | undefined): Uint8Array | undefined {
    const content = this.content(path, name);
    if (name === undefined || content === undefined) return undefined;
    if (!content.includes('-----BEGIN ')) return this.problem('wrong-value', path, 'the file is no PEM file');
    if (content.includes('PRIVATE KEY-----')) this.#tellReadable(path, name);
    return content;
  }

  #tellReadable(path: string, name: string): void {
    if (this.files.isReadByOthers(name)) this.notes.push(`${path}: other users can read that file: chmod 600`);
  }

  #withoutSecrets(message: string): string {
    return [...this.secrets].reduce((text, secret) => text.replaceAll(secret, '…'), message);
  }
}
