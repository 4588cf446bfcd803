const COMPACT_AT = 1024;

/**
 * The QoS 1 messages of one connection that have no PUBACK yet, in order of receipt (R14). Tokens ascend, so the usual
 * case, an owner that accepts in order, costs no search. Bounded by the 65535 packet ids: the caller refuses an id twice.
 */
export class AckQueue {
  #tokens: number[] = [];
  /** Packet ids, and above their 16 bits the reason code of the answer. */
  #answers: number[] = [];
  #accepted: boolean[] = [];
  #head = 0;

  push(token: number, packetId: number, reasonCode: number): void {
    this.#tokens.push(token);
    this.#answers.push(packetId | (reasonCode << 16));
    this.#accepted.push(false);
  }

  /** Marks the message; false when it is not here, or was accepted before. */
  accept(token: number): boolean {
    const index = this.#tokens[this.#head] === token ? this.#head : this.#search(token);
    if (index < 0 || this.#accepted[index] === true) return false;
    this.#accepted[index] = true;
    return true;
  }

  /** Removes the first message when it is accepted and gives its packet id, with the reason code above its 16 bits; 0 otherwise. */
  takeNext(): number {
    if (this.#accepted[this.#head] !== true) return 0;
    const answer = this.#answers[this.#head] ?? 0;
    this.#head += 1;
    if (this.#head === this.#answers.length) this.clear();
    else if (this.#head >= COMPACT_AT && this.#head * 2 > this.#answers.length) this.#compact();
    return answer;
  }

  clear(): void {
    this.#tokens.length = 0;
    this.#answers.length = 0;
    this.#accepted.length = 0;
    this.#head = 0;
  }

  #compact(): void {
    this.#tokens = this.#tokens.slice(this.#head);
    this.#answers = this.#answers.slice(this.#head);
    this.#accepted = this.#accepted.slice(this.#head);
    this.#head = 0;
  }

  #search(token: number): number {
    let low = this.#head;
    let high = this.#tokens.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#tokens[middle] ?? Number.POSITIVE_INFINITY;
      if (found === token) return middle;
      if (found < token) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
