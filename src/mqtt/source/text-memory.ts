/** What was found out about the last texts, bounded in number and in characters. When it is full it begins anew. */
export class TextMemory<V> {
  readonly #known = new Map<string, V>();
  readonly #maxTexts: number;
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(maxTexts: number, maxCharacters: number) {
    this.#maxTexts = maxTexts;
    this.#maxCharacters = maxCharacters;
  }

  get(text: string): V | undefined {
    return this.#known.get(text);
  }

  /** For a text that is not known. One that alone is too long is not remembered. */
  set(text: string, value: V): void {
    if (text.length > this.#maxCharacters) return;
    if (this.#known.size >= this.#maxTexts || this.#characters + text.length > this.#maxCharacters) {
      this.#known.clear();
      this.#characters = 0;
    }
    this.#known.set(text, value);
    this.#characters += text.length;
  }
}
