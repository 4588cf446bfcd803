import type { OutboundStage, SessionState } from '../../../src/mqtt/protocol/index.js';
import type { Packet } from '../../../src/mqtt/protocol/packet.js';
import type { Model, Step } from './model-search.js';
import {
  modelMessage,
  type SessionHistory,
  type SessionInput,
  SessionMaker,
  type SessionOutput,
  seqOfPayload,
} from './model-session.js';

/**
 * What the sender does wrong. `R5`: takes a lost session for the old one. `R5a`: trusts "session present" after a crash in the
 * middle of a loss. `R8`: numbers what is left from 0 after a restart. `R9-early`: PUBREL before its PUBREC is durable;
 * `R9-never`: PUBREC is not stored at all. `R10`: the payload goes with the PUBREC. `R11`: an id is free before its
 * completion is durable. `R12-order`: re-sends in the wrong order. `R12-silent`: what awaits PUBCOMP is not re-sent.
 * `done-at-pubrec`: does not wait for PUBCOMP.
 */
export type SenderBreach =
  | 'R5'
  | 'R5a'
  | 'R8'
  | 'R9-early'
  | 'R9-never'
  | 'R10'
  | 'R11'
  | 'R12-order'
  | 'R12-silent'
  | 'done-at-pubrec';

export interface SenderBounds {
  readonly messages: number;
  /** Packet ids; the real derivation has 60000, and the wire is seen here through a lens that leaves so many. */
  readonly ids: number;
  readonly crashes: number;
  readonly cuts: number;
  /** How often the broker may lose the session; the owner redelivers. */
  readonly losses: number;
  /** When the broker passes a message on: both are allowed [MQTT-4.3.3, figure 4.3]. */
  readonly deliversAt: 'publish' | 'pubrel';
  readonly breach?: SenderBreach;
  /** Numbers the messages so that the session's own ids are two and collide: slow, to check the lens against. */
  readonly realIds?: boolean;
}

type Wire =
  | { readonly t: 'publish'; readonly id: number; readonly row: number; readonly dup: boolean }
  | { readonly t: 'marker' }
  | { readonly t: 'pubrec' | 'pubrel' | 'pubcomp'; readonly id: number };

/** What a commit holds of the outbox. */
interface Marks {
  readonly epoch: number;
  readonly sent: number;
  readonly released: readonly boolean[];
  readonly done: readonly boolean[];
}

interface Broker {
  readonly present: boolean;
  /** Our marker subscription is there: the session is the one that we made. */
  readonly marker: boolean;
  readonly known: readonly { readonly id: number; readonly row: number }[];
  readonly delivered: readonly number[];
}

interface SenderState {
  readonly session: SessionHistory;
  readonly stages: readonly (OutboundStage | '-')[];
  /** PUBLISHes of this process by row, 2 for more. */
  readonly sends: readonly number[];
  readonly link: 'off' | 'settling' | 'on';
  /** The session was told of a loss that is not settled: it stays lost over connections. */
  readonly lost: boolean;
  readonly up: readonly Wire[];
  readonly down: readonly Wire[];
  readonly broker: Broker;
  /** The epoch of the durable record, which is written apart from the commits. */
  readonly record: number;
  readonly durable: Marks;
  readonly sealed: Marks | undefined;
  readonly memory: Marks;
  /** `release` was called by this process. */
  readonly told: readonly boolean[];
  /** The row to be published next. */
  readonly next: number;
  readonly seqOf: readonly number[];
  /** Rows that were in doubt when a session was lost: these may come twice. */
  readonly doubtful: readonly boolean[];
  readonly left: { readonly crashes: number; readonly cuts: number; readonly losses: number };
}

const CHANNEL = 3;
const STRAY = 50_000;
/** Their packet ids are 60000, 1 and 60000 again. */
const COLLIDING = [59_999, 60_000, 119_999];

const setAt = <T>(list: readonly T[], index: number, value: T): readonly T[] =>
  list.map((item, at) => (at === index ? value : item));
const lowOf = ({ done }: Marks): number => (done.includes(false) ? done.indexOf(false) : done.length);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The outbox, the real Session and a broker: every order in which commits, packets, crashes and cuts can happen. */
export class SenderModel implements Model<SenderState> {
  readonly #bounds: SenderBounds;
  readonly #sessions = new SessionMaker();
  readonly initial: SenderState;

  constructor(bounds: SenderBounds) {
    this.#bounds = bounds;
    const none = new Array<boolean>(bounds.messages).fill(false);
    const marks: Marks = { epoch: 1, sent: 0, released: none, done: none };
    this.initial = {
      ...this.#born({ record: 1, durable: marks }),
      broker: { present: true, marker: true, known: [], delivered: [] },
      doubtful: none,
      left: { crashes: bounds.crashes, cuts: bounds.cuts, losses: bounds.losses },
    };
  }

  key({ session: _, seqOf, ...rest }: SenderState): string {
    return JSON.stringify(this.#bounds.breach === 'R8' ? { ...rest, seqOf } : rest);
  }

  drained({ durable, up, down }: SenderState): boolean {
    return !durable.done.includes(false) && up.length === 0 && down.length === 0;
  }

  violation(state: SenderState): string | undefined {
    const { delivered } = state.broker;
    for (let row = 0; row < this.#bounds.messages; row += 1) {
      const copies = delivered.filter((other) => other === row).length;
      if (copies > 1 && state.doubtful[row] !== true) return `DUP of message ${row}`;
      if (copies === 0 && this.#isLost(state, row)) return `LOSS of message ${row}`;
    }
    const first = [...new Set(delivered)];
    const doubt = state.doubtful.includes(true);
    return !doubt && first.some((row, at) => row < (first[at - 1] ?? 0)) ? `ORDER broken: ${first}` : undefined;
  }

  describe({ link, up, down, broker, durable, sealed }: SenderState): string {
    const wires = (list: readonly Wire[]): string => list.map(nameOf).join(' ') || '-';
    const marks = ({ sent, released, done }: Marks): string =>
      `${done.map((isDone, row) => (isDone ? 'd' : released[row] ? 'r' : row < sent ? 's' : '.')).join('')}`;
    return [
      `${link.padEnd(8)} up[${wires(up)}] down[${wires(down)}]`,
      `durable ${marks(durable)}${sealed === undefined ? '' : ` (committing ${marks(sealed)})`}`,
      `broker holds {${broker.known.map(({ id, row }) => `${id}:m${row}`)}} delivered [${broker.delivered}]`,
    ].join(' | ');
  }

  steps(state: SenderState): readonly Step<SenderState>[] {
    const { link, up, down, left } = state;
    const steps: (Step<SenderState> | undefined)[] = [
      link === 'off' ? this.#step('connect', this.#connect(state)) : undefined,
      link === 'settling' ? this.#step('store the new epoch, go on', this.#settle(state)) : undefined,
      this.#seal(state),
      state.sealed === undefined ? undefined : this.#step('commit becomes durable', durableNow(state)),
      link === 'on' ? this.#emit(state) : undefined,
      up.length > 0 && down.length < CHANNEL
        ? this.#step(`broker takes ${nameOf(up[0])}`, this.#serve(state))
        : undefined,
      down.length > 0 && up.length < CHANNEL
        ? this.#step(`client takes ${nameOf(down[0])}`, this.#take(state))
        : undefined,
      link !== 'off' && left.cuts > 0 ? fault('cut', spend(this.#cut(state), 'cuts')) : undefined,
      left.losses > 0 ? fault('broker loses the session', this.#lose(state)) : undefined,
    ];
    if (left.crashes > 0) {
      const crashed = spend(state, 'crashes');
      steps.push(fault('crash', this.#restart(crashed, state.durable)));
      if (state.sealed !== undefined)
        steps.push(fault('crash, the commit got through', this.#restart(crashed, state.sealed)));
    }
    return steps.filter((step) => step !== undefined);
  }

  #step(action: string, state: SenderState): Step<SenderState> {
    return { action, fault: false, state };
  }

  /** A process starts from what is durable. */
  #born({ record, durable }: Pick<SenderState, 'record' | 'durable'>) {
    const { messages, breach } = { breach: undefined, ...this.#bounds };
    const forgotten = breach === 'R12-silent' ? durable.released : [];
    const done = durable.done.map((isDone, row) => isDone || forgotten[row] === true);
    const unfinished = done.flatMap((isDone, row) => (isDone ? [] : [row]));
    const numbers = this.#bounds.realIds === true ? COLLIDING : done.map((_, row) => row);
    const seqOf = breach === 'R8' ? numbers.map((row) => Math.max(0, unfinished.indexOf(row))) : numbers;
    // of an older epoch: what was released then was never released in this one
    const released = durable.released.map((was) => was && durable.epoch === record && breach !== 'R9-never');
    const outbound = unfinished
      .filter((row) => row < durable.sent)
      .map((row) => ({
        message: modelMessage(seqOf[row] ?? 0),
        stage: released[row] ? ('released' as const) : ('sent' as const),
      }));
    const birth: SessionState = { epoch: record, inbound: [], outbound };
    return {
      session: { birth, inputs: [] },
      stages: stagesOf(birth, { seqOf, done }),
      sends: new Array<number>(messages).fill(0),
      link: 'off' as const,
      lost: false,
      up: [],
      down: [],
      record,
      durable: { ...durable, done },
      sealed: undefined,
      memory: { ...durable, done, epoch: record, released },
      told: released,
      next: durable.sent,
      seqOf,
    };
  }

  #restart(state: SenderState, durable: Marks): SenderState {
    const { broker, doubtful, left, record } = state;
    return { ...this.#born({ record, durable }), broker, doubtful, left };
  }

  /** The handshake is one step: a lost CONNACK is the connection's matter (R5a), and its effect here is `marker`. */
  #connect(state: SenderState): SenderState {
    const { breach } = this.#bounds;
    const { present, marker } = state.broker;
    const ours = breach === 'R5' || (present && (marker || breach === 'R5a'));
    const broker = {
      ...state.broker,
      present: true,
      marker: present && marker,
      known: present ? state.broker.known : [],
    };
    const [next, output] = this.#feed({ ...state, broker }, { do: 'connect', present: ours });
    const lost = output.events.some(({ type }) => type === 'session-lost');
    if (lost) return { ...next, link: 'settling', lost };
    const up: readonly Wire[] = ours || next.broker.marker ? next.up : [{ t: 'marker' }, ...next.up];
    return { ...next, link: 'on', up: breach === 'R12-order' ? [...up].reverse() : up };
  }

  /** R5: the epoch is durable, then the session goes on. */
  #settle(state: SenderState): SenderState {
    if (this.#bounds.breach === 'R10') return this.#redeliverWithoutPayloads(state);
    const record = state.record + 1;
    const none = state.told.map(() => false);
    const memory = { ...state.memory, epoch: record, released: none };
    const [next] = this.#feed(
      { ...state, record, memory, told: none, link: 'on', lost: false, up: [{ t: 'marker' }] },
      { do: 'startEpoch' },
    );
    return next;
  }

  #redeliverWithoutPayloads(state: SenderState): SenderState {
    const done = state.memory.done.map((isDone, row) => isDone || state.memory.released[row] === true);
    const durable = { ...state.memory, epoch: state.record + 1, done };
    return {
      ...this.#restart({ ...state, record: state.record + 1 }, durable),
      broker: { ...state.broker, marker: true },
    };
  }

  #seal(state: SenderState): Step<SenderState> | undefined {
    if (state.sealed !== undefined) return undefined;
    const { messages, ids } = this.#bounds;
    const sent = Math.min(messages, Math.max(state.durable.sent, lowOf(state.memory) + ids));
    const late = this.#bounds.breach === 'R11' && sent > state.durable.sent;
    const sealed = { ...state.memory, sent, done: late ? state.durable.done : state.memory.done };
    if (same(sealed, state.durable)) return undefined;
    return this.#step('commit begins', { ...state, sealed });
  }

  /** What the durable marks let out: PUBRELs, then new rows. */
  #emit(state: SenderState): Step<SenderState> | undefined {
    let next = state;
    const { durable } = state;
    for (let row = 0; row < durable.released.length; row += 1) {
      if (durable.released[row] !== true || durable.epoch !== state.record || next.told[row] === true) continue;
      next = this.#release(next, row);
    }
    while (this.#mayPublish(next)) {
      const { next: row } = next;
      [next] = this.#feed({ ...next, next: row + 1 }, { do: 'publish', seq: next.seqOf[row] ?? 0 });
    }
    return next === state ? undefined : this.#step('let out what is durable', next);
  }

  #mayPublish({ next, durable, memory }: SenderState): boolean {
    const free = lowOf(this.#bounds.breach === 'R11' ? memory : durable);
    return next < durable.sent && next - free < this.#bounds.ids;
  }

  #release(state: SenderState, row: number): SenderState {
    return this.#feed(
      { ...state, told: setAt(state.told, row, true) },
      { do: 'release', seq: state.seqOf[row] ?? 0 },
    )[0];
  }

  #serve(state: SenderState): SenderState {
    const [packet, ...up] = state.up;
    const { broker, answer } = served(state.broker, packet, this.#bounds.deliversAt);
    return { ...state, up, broker, down: answer === undefined ? state.down : [...state.down, answer] };
  }

  #take(state: SenderState): SenderState {
    const [packet, ...down] = state.down;
    if (packet?.t !== 'pubrec' && packet?.t !== 'pubcomp') throw new Error('a broker sends acknowledgements only');
    const packetId = this.#inbound(state, packet.id);
    const ack: Packet = { type: packet.t, packetId, reasonCode: 0 };
    const [next, { events }] = this.#feed({ ...state, down }, { do: 'receive', packet: ack });
    let told = next;
    for (const event of events) {
      if (event.type === 'received') told = this.#received(told, next.seqOf.indexOf(event.seq));
      else if (event.type === 'delivered')
        told = { ...told, memory: doneAt(told.memory, this.#rowOf(told, event.seq)) };
    }
    return told;
  }

  #received(state: SenderState, row: number): SenderState {
    const { breach } = this.#bounds;
    const memory = { ...state.memory, released: setAt(state.memory.released, row, true) };
    const next = { ...state, memory: breach === 'done-at-pubrec' ? doneAt(memory, row) : memory };
    return breach === 'R9-early' ? this.#release(next, row) : next;
  }

  #rowOf({ seqOf, memory }: Pick<SenderState, 'seqOf' | 'memory'>, seq: number): number {
    return seqOf.findIndex((other, row) => other === seq && memory.done[row] !== true);
  }

  #cut(state: SenderState): SenderState {
    const [next] = this.#feed(state, { do: 'cut' });
    return { ...next, link: 'off', up: [], down: [] };
  }

  #lose(state: SenderState): SenderState {
    const next = state.link === 'off' ? state : this.#cut(state);
    const { delivered } = state.broker;
    const doubtful = state.doubtful.map(
      (was, row) => was || (row < state.durable.sent && state.durable.done[row] !== true),
    );
    return spend({ ...next, doubtful, broker: { present: false, marker: false, known: [], delivered } }, 'losses');
  }

  #isLost({ durable, memory, stages, up, broker }: SenderState, row: number): boolean {
    if (durable.done[row] !== true && memory.done[row] !== true) return false;
    if (stages[row] !== '-') return false;
    const held = broker.known.find((known) => known.row === row)?.id;
    return !up.some((packet) =>
      packet.t === 'publish' ? packet.row === row : packet.t === 'pubrel' && packet.id === held,
    );
  }

  #feed(state: SenderState, input: SessionInput): [SenderState, SessionOutput] {
    const { seqOf: numbers, stages: before, sends: sent, link, lost, record } = state;
    const likeness = JSON.stringify([numbers, before, sent, link, lost, record]);
    const { session, output } = this.#sessions.feed(state.session, likeness, input);
    const packets = output.packets.map((packet) => this.#outbound(state, packet));
    const sends = state.sends.map((count, row) =>
      Math.min(2, count + packets.filter((packet) => packet.t === 'publish' && packet.row === row).length),
    );
    const stages = stagesOf(output.state, { seqOf: state.seqOf, done: state.memory.done });
    return [{ ...state, session, stages, sends, up: [...state.up, ...packets] }, output];
  }

  /** The lens: the session's ids on the wire, as a derivation with few ids would have made them. */
  #outbound({ seqOf, memory }: SenderState, packet: Packet): Wire {
    if (!('packetId' in packet)) throw new Error(`unexpected ${packet.type}`);
    const id = this.#narrow(packet.packetId);
    if (packet.type === 'pubrel') return { t: 'pubrel', id };
    if (packet.type !== 'publish') throw new Error(`unexpected ${packet.type}`);
    return { t: 'publish', id, row: this.#rowOf({ seqOf, memory }, seqOfPayload(packet.payload)), dup: packet.dup };
  }

  #narrow(packetId: number): number {
    if (this.#bounds.realIds === true) return packetId === 60_000 ? 1 : packetId + 1;
    return packetId >= STRAY ? packetId - STRAY : 1 + ((packetId - 1) % this.#bounds.ids);
  }

  /** And back: the one incomplete message that can have the id, or an id of nothing. */
  #inbound({ stages, seqOf }: SenderState, id: number): number {
    if (this.#bounds.realIds === true) return id === 1 ? 60_000 : id - 1;
    const row = stages.findIndex((stage, at) => stage !== '-' && (seqOf[at] ?? 0) % this.#bounds.ids === id - 1);
    return row < 0 ? STRAY + id : 1 + (seqOf[row] ?? 0);
  }
}

function stagesOf({ outbound }: SessionState, { seqOf, done }: { seqOf: readonly number[]; done: readonly boolean[] }) {
  return seqOf.map((seq, row) => {
    const found = outbound.find(({ message }) => message.seq === seq);
    return found === undefined || (done[row] === true && seqOf.lastIndexOf(seq) !== row) ? ('-' as const) : found.stage;
  });
}

function doneAt(marks: Marks, row: number): Marks {
  return { ...marks, done: setAt(marks.done, row, true) };
}

function durableNow(state: SenderState): SenderState {
  const durable = state.sealed ?? state.durable;
  return { ...state, durable, sealed: undefined, memory: { ...state.memory, sent: durable.sent } };
}

function served(
  broker: Broker,
  packet: Wire | undefined,
  deliversAt: 'publish' | 'pubrel',
): { broker: Broker; answer?: Wire } {
  if (packet?.t === 'marker') return { broker: { ...broker, marker: true } };
  if (packet?.t === 'publish') {
    const { id, row } = packet;
    const answer: Wire = { t: 'pubrec', id };
    if (broker.known.some((known) => known.id === id)) return { broker, answer };
    const delivered = deliversAt === 'publish' ? [...broker.delivered, row] : broker.delivered;
    return { broker: { ...broker, known: [...broker.known, { id, row }], delivered }, answer };
  }
  if (packet?.t !== 'pubrel') throw new Error('nothing for a broker');
  const held = broker.known.find(({ id }) => id === packet.id);
  const late = deliversAt === 'pubrel' && held !== undefined ? [held.row] : [];
  const known = broker.known.filter((other) => other !== held);
  return {
    broker: { ...broker, known, delivered: [...broker.delivered, ...late] },
    answer: { t: 'pubcomp', id: packet.id },
  };
}

function fault(action: string, state: SenderState): Step<SenderState> {
  return { action: action.toUpperCase(), fault: true, state };
}

function spend(state: SenderState, what: keyof SenderState['left']): SenderState {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}

function nameOf(packet: Wire | undefined): string {
  if (packet === undefined) return '-';
  if (packet.t === 'marker') return 'SUBSCRIBE';
  if (packet.t !== 'publish') return `${packet.t.toUpperCase()}(${packet.id})`;
  return `PUBLISH(${packet.id}:m${packet.row}${packet.dup ? ' dup' : ''})`;
}
