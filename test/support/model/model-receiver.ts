import type { InboundStage, SessionState } from '../../../src/mqtt/protocol/index.js';
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
 * What the receiver does wrong. `R1`: PUBREC before the effect is durable. `R2`: the id is not in the commit of the effect.
 * `R2a`: what comes again before the commit is taken once more. `R3-early`: PUBCOMP before the id is durably forgotten;
 * `R3-never`: the id is forgotten in memory only. `R4`: no answer to a PUBREL for an unknown id. `R5`: keeps the ids of a
 * session that was lost. `pubcomp-for-pubrec`: forgets the id with the effect's commit, as if PUBREC were the end.
 */
export type ReceiverBreach = 'R1' | 'R2' | 'R2a' | 'R3-early' | 'R3-never' | 'R4' | 'R5' | 'pubcomp-for-pubrec';

export interface ReceiverBounds {
  readonly messages: number;
  /** Packet ids that the broker uses, the lowest free one first. */
  readonly ids: number;
  readonly crashes: number;
  readonly cuts: number;
  /** How often the broker may lose the session. What it had sent comes again then, as a retained copy or another publisher's would. */
  readonly losses: number;
  readonly breach?: ReceiverBreach;
}

type Wire =
  | { readonly t: 'publish'; readonly id: number; readonly row: number; readonly dup: boolean }
  | { readonly t: 'pubrec' | 'pubrel' | 'pubcomp'; readonly id: number };

interface Flow {
  readonly id: number;
  readonly row: number;
  readonly stage: 'publish' | 'pubrel';
}

interface Broker {
  readonly present: boolean;
  /** The message to be sent next. */
  readonly next: number;
  readonly flows: readonly Flow[];
  /** Messages that we own since their PUBREC came. */
  readonly handedOver: readonly number[];
}

interface InboundId {
  readonly id: number;
  readonly token: number;
}

/** What a commit holds of the source: the effects, and the ids that are not released. */
interface Kept {
  readonly epoch: number;
  readonly effects: readonly number[];
  readonly ids: readonly InboundId[];
}

interface Pending {
  readonly token: number;
  readonly id: number;
  readonly row: number;
}

/**
 * R2b: what holds a completion back. `off`: an id is known to be free. `due`: a PUBCOMP was written, and has no fence. What else the
 * session then goes by: tokens that wait, ids that are remembered, and whether a new message came on this connection.
 */
interface Hold {
  readonly fence: 'wanted' | 'due' | 'off';
  readonly waiting: readonly number[];
  readonly finished: readonly number[];
  readonly newCame: boolean;
}

/** `row`: the message whose bytes the session knows it by (R2a); none where it is of an earlier process. */
interface KnownRow extends InboundId {
  readonly stage: InboundStage;
  readonly row?: number;
}

interface ReceiverState {
  readonly session: SessionHistory;
  readonly rows: readonly KnownRow[];
  readonly link: 'off' | 'settling' | 'on';
  /** The session was told of a loss that is not settled: it stays lost over connections. */
  readonly lost: boolean;
  /** The token of the next message. */
  readonly token: number;
  /** What came on this connection and is not answered yet: the session's own debts. */
  readonly due: readonly string[];
  readonly hold: Hold;
  readonly up: readonly Wire[];
  readonly down: readonly Wire[];
  readonly broker: Broker;
  readonly record: number;
  readonly durable: Kept;
  readonly sealed: Kept | undefined;
  /** As the next commit would have it. */
  readonly memory: Kept;
  /** Processed, not let out: to be accepted, or completed, once durable. Those of the commit under way are in `letOut`. */
  readonly taken: readonly Pending[];
  readonly releasing: readonly InboundId[];
  readonly inCommit: { readonly taken: readonly Pending[]; readonly releasing: readonly InboundId[] };
  readonly letOut: { readonly taken: readonly Pending[]; readonly releasing: readonly InboundId[] };
  readonly left: { readonly crashes: number; readonly cuts: number; readonly losses: number };
}

const CHANNEL = 3;
const NOTHING = { taken: [], releasing: [] } as const;
const TOKEN = '"token":';
const NO_ID_FREE: Hold = { fence: 'wanted', waiting: [], finished: [], newCame: false };

/** A broker, the real Session and a source with its commits: every order in which they, crashes and cuts can happen. */
export class ReceiverModel implements Model<ReceiverState> {
  readonly #bounds: ReceiverBounds;
  readonly #sessions = new SessionMaker();
  readonly initial: ReceiverState;

  constructor(bounds: ReceiverBounds) {
    this.#bounds = bounds;
    this.initial = {
      ...this.#born(1, { epoch: 1, effects: [], ids: [] }),
      broker: { present: true, next: 0, flows: [], handedOver: [] },
      left: { crashes: bounds.crashes, cuts: bounds.cuts, losses: bounds.losses },
    };
  }

  /** Tokens only tell messages apart: their order is what counts. */
  key({ session: _, token: __, ...rest }: ReceiverState): string {
    const [before = '', ...parts] = JSON.stringify(rest).split(TOKEN);
    const tokens = parts.map((part) => Number.parseInt(part, 10));
    const inOrder = [...new Set(tokens)].sort((a, b) => a - b);
    return parts.reduce((text, part, at) => {
      const token = tokens[at] as number;
      return `${text}${TOKEN}${inOrder.indexOf(token)}${part.slice(String(token).length)}`;
    }, before);
  }

  drained({ broker, durable, sealed, memory, up, down, letOut }: ReceiverState): boolean {
    const idle = broker.next === this.#bounds.messages && broker.flows.length === 0;
    const still = up.length === 0 && down.length === 0 && letOut.taken.length === 0 && letOut.releasing.length === 0;
    return idle && still && sealed === undefined && durable.effects.length === memory.effects.length;
  }

  violation({ durable, memory, sealed, taken, broker }: ReceiverState): string | undefined {
    const { effects } = durable;
    const lossy = this.#bounds.losses > 0;
    const twice = effects.find((row, at) => effects.indexOf(row) !== at);
    if (twice !== undefined) return `DUP of message ${twice}`;
    const kept = [...effects, ...(sealed?.effects ?? []), ...memory.effects, ...taken.map(({ row }) => row)];
    const lost = broker.handedOver.find((row) => !kept.includes(row));
    if (lost !== undefined) return `LOSS of message ${lost}`;
    return !lossy && effects.some((row, at) => row < (effects[at - 1] ?? 0)) ? `ORDER broken: ${effects}` : undefined;
  }

  describe({ link, up, down, broker, durable, sealed }: ReceiverState): string {
    const wires = (list: readonly Wire[]): string => list.map(nameOf).join(' ') || '-';
    const kept = ({ effects, ids }: Kept): string => `[${effects}] ids{${ids.map(({ id }) => id)}}`;
    return [
      `${link.padEnd(8)} down[${wires(down)}] up[${wires(up)}]`,
      `durable ${kept(durable)}${sealed === undefined ? '' : ` (committing ${kept(sealed)})`}`,
      `broker holds {${broker.flows.map(({ id, row, stage }) => `${id}:m${row} ${stage}`)}}`,
    ].join(' | ');
  }

  steps(state: ReceiverState): readonly Step<ReceiverState>[] {
    const { link, up, down, left, letOut } = state;
    const ready = letOut.taken.length + letOut.releasing.length > 0;
    const steps: (Step<ReceiverState> | undefined)[] = [
      link === 'off' ? step('connect', this.#connect(state)) : undefined,
      link === 'settling' ? step('store the new epoch, go on', this.#settle(state)) : undefined,
      this.#seal(state),
      state.sealed === undefined ? undefined : step('commit becomes durable', durableNow(state)),
      ready ? step('let out what is durable', this.#emit(state)) : undefined,
      state.hold.fence === 'due' && up.every(({ t }) => t !== 'pubcomp')
        ? step('broker answers the fence', this.#feed(state, { do: 'fence' })[0])
        : undefined,
      link === 'on' && this.#canSend(state) ? step('broker sends the next', this.#send(state)) : undefined,
      up.length > 0 && down.length < CHANNEL ? step(`broker takes ${nameOf(up[0])}`, serve(state)) : undefined,
      down.length > 0 && up.length < CHANNEL && link === 'on'
        ? step(`client takes ${nameOf(down[0])}`, this.#take(state))
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
    return steps.filter((one) => one !== undefined);
  }

  #born(record: number, durable: Kept) {
    const { breach } = this.#bounds;
    const ids = durable.epoch === record ? durable.ids : [];
    const inbound = ids.map(({ id, token }) => ({ packetId: id, token, stage: 'accepted' as const }));
    const birth: SessionState = { epoch: record, inbound: breach === 'R2' ? [] : inbound, outbound: [] };
    return {
      session: { birth, inputs: [] },
      rows: rowsOf(birth),
      link: 'off' as const,
      lost: false,
      token: nextToken(birth),
      due: [],
      hold: NO_ID_FREE,
      up: [],
      down: [],
      record,
      durable,
      sealed: undefined,
      memory: { ...durable, epoch: record, ids },
      ...NOTHING,
      inCommit: NOTHING,
      letOut: NOTHING,
    };
  }

  #restart({ record, broker, left }: ReceiverState, durable: Kept): ReceiverState {
    return { ...this.#born(record, durable), broker, left };
  }

  #connect(state: ReceiverState): ReceiverState {
    const { present } = state.broker;
    const ours = present || this.#bounds.breach === 'R5';
    const [next, { events }] = this.#feed(state, { do: 'connect', present: ours });
    if (events.some(({ type }) => type === 'session-lost')) return { ...next, link: 'settling', lost: true };
    return withDown({ ...next, link: 'on', broker: { ...next.broker, present: true } });
  }

  /** R5: the ids mean nothing any more; what was processed stays processed. */
  #settle(state: ReceiverState): ReceiverState {
    const record = state.record + 1;
    const memory = { ...state.memory, epoch: record, ids: [] };
    const [next] = this.#feed({ ...state, record, memory, link: 'on', lost: false }, { do: 'startEpoch' });
    return withDown({ ...next, broker: { ...next.broker, present: true } });
  }

  #seal(state: ReceiverState): Step<ReceiverState> | undefined {
    const { memory, taken, releasing } = state;
    if (state.sealed !== undefined || taken.length + releasing.length === 0) return undefined;
    const { breach } = this.#bounds;
    const gone = breach === 'R3-never' ? [] : releasing.map(({ token }) => token);
    const fresh = breach === 'pubcomp-for-pubrec' ? [] : taken.map(({ id, token }) => ({ id, token }));
    const live = new Set(state.rows.map(({ token }) => token));
    const ids = [...memory.ids, ...fresh].filter(
      ({ token }) => !gone.includes(token) && (live.has(token) || breach === 'R3-never'),
    );
    const sealed = { epoch: memory.epoch, effects: [...memory.effects, ...taken.map(({ row }) => row)], ids };
    const inCommit = { taken, releasing };
    return step('commit begins', { ...state, sealed, memory: sealed, inCommit, ...NOTHING });
  }

  #emit(state: ReceiverState): ReceiverState {
    let next: ReceiverState = { ...state, letOut: NOTHING };
    for (const { token } of state.letOut.taken) [next] = this.#feed(next, { do: 'accept', token });
    for (const { token } of state.letOut.releasing) [next] = this.#feed(next, { do: 'complete', token });
    return next;
  }

  #canSend({ broker, down }: ReceiverState): boolean {
    const { messages, ids } = this.#bounds;
    return broker.next < messages && broker.flows.length < ids && down.length < CHANNEL;
  }

  #send(state: ReceiverState): ReceiverState {
    const { broker } = state;
    let id = 1;
    while (broker.flows.some((flow) => flow.id === id)) id += 1;
    const flow: Flow = { id, row: broker.next, stage: 'publish' };
    return {
      ...state,
      broker: { ...broker, next: broker.next + 1, flows: [...broker.flows, flow] },
      down: [...state.down, { t: 'publish', id, row: flow.row, dup: false }],
    };
  }

  #take(state: ReceiverState): ReceiverState {
    const [packet, ...down] = state.down;
    if (packet === undefined) return state;
    const due = packet.t === 'publish' || packet.t === 'pubrel' ? [`${packet.t} ${packet.id}`] : [];
    const [next, { events }] = this.#feed(
      { ...state, down, due: [...state.due.filter((one) => !due.includes(one)), ...due] },
      { do: 'receive', packet: packetOf(packet) },
    );
    let told = next;
    for (const event of events) {
      if (event.type === 'message') told = this.#process(told, event.token, seqOfPayload(event.payload));
      else if (event.type === 'release') told = this.#released(told, event.token);
    }
    return told;
  }

  #process(state: ReceiverState, token: number, row: number): ReceiverState {
    const id = state.rows.find((other) => other.token === token)?.id ?? 0;
    const next = { ...state, taken: [...state.taken, { token, id, row }] };
    return this.#bounds.breach === 'R1' ? this.#feed(next, { do: 'accept', token })[0] : next;
  }

  #released(state: ReceiverState, token: number): ReceiverState {
    const id = state.rows.find((other) => other.token === token)?.id ?? 0;
    const next = { ...state, releasing: [...state.releasing, { token, id }] };
    return this.#bounds.breach === 'R3-early' ? this.#feed(next, { do: 'complete', token })[0] : next;
  }

  #cut(state: ReceiverState): ReceiverState {
    const cut = this.#feed(state, { do: 'cut' })[0];
    const next = { ...cut, link: 'off' as const, up: [], down: [], due: [] };
    if (this.#bounds.breach !== 'R2a') return next;
    // a session that forgets with its connection what is not committed, and a source that goes on all the same
    const uncommitted = new Set(
      [...state.taken, ...state.inCommit.taken, ...state.letOut.taken].map(({ token }) => token),
    );
    const inbound = next.rows.filter(({ token }) => !uncommitted.has(token));
    const birth: SessionState = {
      epoch: state.record,
      inbound: inbound.map(({ id, token, stage }) => ({ packetId: id, token, stage })),
      outbound: [],
    };
    return { ...next, session: { birth, inputs: [] }, rows: rowsOf(birth), token: nextToken(birth) };
  }

  #lose(state: ReceiverState): ReceiverState {
    const next = state.link === 'off' ? state : this.#cut(state);
    // what was sent and not handed over is gone with the session: that is the broker's loss, not ours
    return spend({ ...next, broker: { ...state.broker, present: false, flows: [] } }, 'losses');
  }

  #feed(state: ReceiverState, input: SessionInput): [ReceiverState, SessionOutput] {
    const { rows, due: owed, link, lost, record, token: next, hold } = state;
    const likeness = JSON.stringify([rows, owed, link, lost, record, next, hold]);
    const { session, output } = this.#sessions.feed(state.session, likeness, input);
    const token = next + output.events.filter(({ type }) => type === 'message').length;
    const packets = output.packets.map((packet) => wireOf(packet)).filter((packet) => !this.#swallows(state, packet));
    const answered = packets.map(({ t, id }) => `${t === 'pubrec' ? 'publish' : 'pubrel'} ${id}`);
    const due = state.due.filter((one) => !answered.includes(one));
    const known = rowsOf(output.state).map((row) => rowKnown(row, rows, output));
    const after = { ...state, session, token, due, rows: known, up: [...state.up, ...packets] };
    return [{ ...after, hold: holdAfter(state, input, output) }, output];
  }

  /** R4 broken: PUBCOMP only for ids that are known. */
  #swallows({ rows }: ReceiverState, packet: Wire): boolean {
    return this.#bounds.breach === 'R4' && packet.t === 'pubcomp' && !rows.some(({ id }) => id === packet.id);
  }
}

function nextToken({ inbound }: SessionState): number {
  return inbound.reduce((highest, { token }) => Math.max(highest, token + 1), 0);
}

function rowsOf({ inbound }: SessionState): KnownRow[] {
  return inbound.map(({ packetId, token, stage }) => ({ id: packetId, token, stage }));
}

function rowKnown(now: KnownRow, before: readonly KnownRow[], { events }: SessionOutput): KnownRow {
  const { token } = now;
  const came = events.find((event) => event.type === 'message' && event.token === token);
  const row = came?.type === 'message' ? seqOfPayload(came.payload) : before.find((one) => one.token === token)?.row;
  return row === undefined ? now : { ...now, row };
}

function holdAfter(before: ReceiverState, input: SessionInput, { events, packets, state }: SessionOutput): Hold {
  const { counter, finished } = state.memory ?? {};
  const lacksFree = counter === undefined || (counter.overReconnect === 'unseen' && counter.free === 0);
  if (!lacksFree) return { ...NO_ID_FREE, fence: 'off' };
  const { waiting, newCame, fence } = input.do === 'cut' ? NO_ID_FREE : before.hold;
  const written = packets.some(({ type }) => type === 'pubcomp');
  const open = fence === 'due' && input.do !== 'fence';
  const completed = input.do === 'complete' ? input.token : -1;
  const rows = new Set(state.inbound.map(({ token }) => token));
  // one whose PUBREL came on an earlier connection does not wait for the fence: its PUBREL comes again
  const released = before.rows.some(({ id, token }) => token === completed && before.due.includes(`pubrel ${id}`));
  return {
    fence: written || open ? 'due' : 'wanted',
    waiting: [...waiting, ...(released ? [completed] : [])].filter((token) => rows.has(token)),
    finished: [...(finished ?? [])],
    newCame: newCame || events.some((event) => event.type === 'message' && !event.dup),
  };
}

function durableNow(state: ReceiverState): ReceiverState {
  const { letOut, inCommit } = state;
  return {
    ...state,
    durable: state.sealed ?? state.durable,
    sealed: undefined,
    inCommit: NOTHING,
    letOut: {
      taken: [...letOut.taken, ...inCommit.taken],
      releasing: [...letOut.releasing, ...inCommit.releasing],
    },
  };
}

/** The broker re-sends in order what is unfinished [MQTT-4.4.0-1]. */
function withDown(state: ReceiverState): ReceiverState {
  const down = state.broker.flows.map(
    ({ id, row, stage }): Wire => (stage === 'publish' ? { t: 'publish', id, row, dup: true } : { t: 'pubrel', id }),
  );
  return { ...state, down };
}

function serve(state: ReceiverState): ReceiverState {
  const [packet, ...up] = state.up;
  if (packet === undefined) return state;
  const { flows, handedOver } = state.broker;
  const flow = flows.find(({ id }) => id === packet.id);
  if (packet.t === 'pubrec') {
    const stage = 'pubrel' as const;
    const broker = {
      ...state.broker,
      flows: flows.map((other) => (other === flow ? { ...other, stage } : other)),
      handedOver: flow === undefined || handedOver.includes(flow.row) ? handedOver : [...handedOver, flow.row],
    };
    return { ...state, up, broker, down: [...state.down, { t: 'pubrel', id: packet.id }] };
  }
  return { ...state, up, broker: { ...state.broker, flows: flows.filter((other) => other !== flow) } };
}

function packetOf(packet: Wire): Packet {
  if (packet.t === 'publish')
    return { type: 'publish', ...modelMessage(packet.row), packetId: packet.id, dup: packet.dup };
  return { type: packet.t, packetId: packet.id, reasonCode: 0 };
}

function wireOf(packet: Packet): Wire {
  if (packet.type !== 'pubrec' && packet.type !== 'pubcomp') throw new Error(`unexpected ${packet.type}`);
  return { t: packet.type, id: packet.packetId };
}

function step(action: string, state: ReceiverState): Step<ReceiverState> {
  return { action, fault: false, state };
}

function fault(action: string, state: ReceiverState): Step<ReceiverState> {
  return { action: action.toUpperCase(), fault: true, state };
}

function spend(state: ReceiverState, what: keyof ReceiverState['left']): ReceiverState {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}

function nameOf(packet: Wire | undefined): string {
  if (packet === undefined) return '-';
  if (packet.t !== 'publish') return `${packet.t.toUpperCase()}(${packet.id})`;
  return `PUBLISH(${packet.id}:m${packet.row}${packet.dup ? ' dup' : ''})`;
}
