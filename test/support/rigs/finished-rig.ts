import type { SessionState } from '../../../src/mqtt/protocol/index.js';
import { ack, inbound, SessionRig } from './session-rig.js';

/** What a PUBLISH of the rig can differ in. */
export interface AgainOptions {
  readonly text?: string;
  readonly topic?: string;
  readonly dup?: boolean;
  readonly qos?: 1 | 2;
}

/** A session that takes whole QoS 2 messages from a server, which is the test: each one up to its PUBCOMP, at once. */
export class FinishedRig {
  readonly rig: SessionRig;
  #token: number;

  constructor(state?: SessionState) {
    this.rig = new SessionRig(state === undefined ? {} : { state });
    this.#token = state?.inbound.reduce((highest, { token }) => Math.max(highest, token + 1), 0) ?? 0;
  }

  /** Connects; what was connected before is cut off. */
  connect(sessionPresent = true): this {
    this.rig.cut();
    this.rig.connect({}, { sessionPresent }).forget();
    return this;
  }

  /** The server hands over messages, one for each id, with the text of the id, and the client takes them to their end. */
  finish(...ids: readonly number[]): this {
    for (const id of ids) this.#take(id);
    for (const id of ids) this.rig.serve(ack('pubrel', id));
    for (const event of this.rig.events()) if (event.type === 'release') this.rig.session.complete(event.token);
    this.rig.written();
    return this;
  }

  /** The fence: the session asks, when it is time, and the server answers; again, while that lets the session complete more. */
  fence(): this {
    let answers: readonly string[];
    do {
      this.rig.now = this.rig.session.deadline();
      this.rig.session.handleTimeout(this.rig.now);
      const pings = this.rig.answers().filter((one) => one === 'pingreq');
      for (const _ of pings) this.rig.serve({ type: 'pingresp' });
      answers = this.rig.answers();
    } while (answers.some((one) => one.startsWith('pubcomp')));
    return this;
  }

  /** PUBLISH; gives the types of the events and what was written. */
  publish(id: number, { text = `m${id}`, topic = 'topic', dup = true, qos = 2 }: AgainOptions = {}): readonly string[] {
    this.rig.forget();
    this.rig.serve({ ...inbound(id, qos, { dup, topic }), payload: new TextEncoder().encode(text) } as never);
    const events = this.rig.eventTypes();
    this.#token += events.filter((type) => type === 'message').length;
    return [...events, ...this.rig.answers()];
  }

  /** PUBREL; gives what was written. */
  release(id: number): readonly string[] {
    this.rig.forget();
    this.rig.serve(ack('pubrel', id));
    return this.rig.answers();
  }

  /** The session of the next process, which has the state of this one. */
  restart(): FinishedRig {
    return new FinishedRig(structuredClone(this.rig.session.state())).connect();
  }

  #take(id: number): void {
    const token = this.#token;
    this.publish(id, { dup: false });
    this.rig.session.accept(token);
  }
}
