import type { SessionState } from '../../../src/mqtt/protocol/index.js';
import type { Packet } from '../../../src/mqtt/protocol/packet.js';
import { fromIdRuns } from '../../../src/mqtt/protocol/session/inbound/id-runs.js';
import type { Model, Step } from './model-search.js';
import { type SessionHistory, type SessionInput, SessionMaker, type SessionOutput } from './model-session.js';

/**
 * How a broker hands out packet ids. `counting`: one after the other (mosquitto). `lowest`: the lowest free one. `restarting`: it counts
 * anew on each connection (NATS). `going-back`: it counts, and once, when it is restored, goes back to where it began. `unseen`: it counts
 * also what it drops. `mixed`: it counts over QoS 1 and 2. `renaming`: it counts, and sends again under a new id, with DUP 1.
 */
export type IdHabit = 'counting' | 'lowest' | 'restarting' | 'going-back' | 'unseen' | 'mixed' | 'renaming';

/** What the receiver does without. `b`: the digest. `fence`: it never hears that PUBCOMPs were processed. */
export type FinishedBreach = 'b' | 'fence';

export interface FinishedBounds {
  readonly ids: IdHabit;
  readonly messages: number;
  /** Connections that end. The session's owner is killed with each: what is remembered went through its commits, one after each step. */
  readonly cuts: number;
  /** Whether all messages have the same bytes. */
  readonly equalBytes: boolean;
  /** mosquitto's: a PUBREL that was to be written again on a connection that ended first makes the next connection get the PUBLISH. */
  readonly repeats: boolean;
  /** A broker is restored only when the receiver knows that all its PUBCOMPs were processed. */
  readonly restoredWhenFenced: boolean;
  /** Takes the ids for counting from the beginning: that is, does without (c). */
  readonly believes?: boolean;
  readonly breach?: FinishedBreach;
}

type Wire =
  | { readonly t: 'publish'; readonly id: number; readonly row: number; readonly qos: 1 | 2; readonly dup: boolean }
  | { readonly t: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'; readonly id: number }
  | { readonly t: 'pingreq' | 'pingresp' };

/** `unwritten`: PUBREL is to be written again, and was not yet. */
interface Flow {
  readonly id: number;
  readonly row: number;
  readonly qos: 1 | 2;
  readonly stage: 'publish' | 'pubrel' | 'unwritten';
}

interface FinishedModelState {
  readonly session: SessionHistory;
  /** Pages of digests that commits have stored, by their number. */
  readonly pages: Readonly<Record<number, readonly number[]>>;
  readonly linked: boolean;
  readonly up: readonly Wire[];
  readonly down: readonly Wire[];
  readonly flows: readonly Flow[];
  /** The message to be sent next, and the last id. */
  readonly next: number;
  readonly lastId: number;
  readonly handedOver: readonly number[];
  readonly effects: readonly number[];
  /** Those that were delivered with `session-suspect`. */
  readonly said: readonly number[];
  /** PUBCOMPs written that no fence covers, as far as the receiver knows. */
  readonly unfenced: boolean;
  readonly left: { readonly cuts: number; readonly restores: number; readonly drops: number };
}

const CHANNEL = 2;
const BELIEVER = { newest: 0, run: 0, overReconnect: 'counted', free: 0 } as const;

/**
 * A broker that keeps its session, and the real Session whose owner accepts and completes at once: what R2b remembers, asked in every
 * order.
 */
export class FinishedModel implements Model<FinishedModelState> {
  /** Copies that were told in some state. */
  again = 0;
  readonly #bounds: FinishedBounds;
  readonly #sessions = new SessionMaker();
  readonly initial: FinishedModelState;

  constructor(bounds: FinishedBounds) {
    this.#bounds = bounds;
    const memory = { finished: new Uint16Array(), counter: BELIEVER, digests: [] };
    const birth: SessionState = { epoch: 1, inbound: [], outbound: [], ...(bounds.believes === true && { memory }) };
    this.initial = {
      session: { birth, inputs: [] },
      pages: {},
      linked: false,
      up: [],
      down: [],
      flows: [],
      next: 0,
      lastId: 0,
      handedOver: [],
      effects: [],
      said: [],
      unfenced: false,
      left: {
        cuts: bounds.cuts,
        restores: bounds.ids === 'going-back' ? 1 : 0,
        drops: bounds.ids === 'unseen' ? 1 : 0,
      },
    };
  }

  key(state: FinishedModelState): string {
    return JSON.stringify(state);
  }

  drained({ next, flows, up, down }: FinishedModelState): boolean {
    return next === this.#bounds.messages && flows.length === 0 && up.length === 0 && down.length === 0;
  }

  violation({ handedOver, effects, said }: FinishedModelState): string | undefined {
    const lost = handedOver.find((row) => !effects.includes(row));
    if (lost !== undefined) return `LOSS of message ${lost}`;
    const twice = effects.find((row, at) => effects.indexOf(row) !== at && !said.includes(row));
    // QoS 1 promises no more, and under a new id nobody can tell
    const told = this.#bounds.ids === 'renaming' || (twice !== undefined && this.#qosOf(twice) === 1);
    return twice === undefined || told ? undefined : `DUP of message ${twice}, and nothing was said`;
  }

  describe({ linked, up, down, flows, effects }: FinishedModelState): string {
    const wires = (list: readonly Wire[]): string => list.map(nameOf).join(' ') || '-';
    const held = flows.map(({ id, row, stage }) => `${id}:m${row} ${stage}`);
    return `${linked ? 'on ' : 'off'} down[${wires(down)}] up[${wires(up)}] | effects [${effects}] | broker holds {${held}}`;
  }

  steps(state: FinishedModelState): readonly Step<FinishedModelState>[] {
    const { linked, up, down, left } = state;
    const canSend = linked && state.next < this.#bounds.messages && down.length < CHANNEL;
    const steps: (Step<FinishedModelState> | undefined)[] = [
      linked ? undefined : step('connect', this.#connect(state)),
      linked || left.cuts === 0 || !this.#bounds.repeats
        ? undefined
        : fault('connect, and an end before anything is written', spend(marked(state), 'cuts')),
      canSend ? step('broker sends the next', this.#send(state)) : undefined,
      up.length > 0 ? step(`broker takes ${nameOf(up[0])}`, this.#serve(state)) : undefined,
      linked && down.length > 0 ? step(`client takes ${nameOf(down[0])}`, this.#take(state)) : undefined,
      linked && up.length + down.length === 0 ? this.#ask(state) : undefined,
      linked && left.cuts > 0 ? fault('cut', spend(this.#cut(state), 'cuts')) : undefined,
      left.drops > 0
        ? fault('broker drops a message', spend({ ...state, lastId: state.lastId + 1 }, 'drops'))
        : undefined,
      this.#restore(state),
    ];
    return steps.filter((one) => one !== undefined);
  }

  #qosOf(row: number): 1 | 2 {
    return this.#bounds.ids === 'mixed' && row % 2 === 1 ? 1 : 2;
  }

  #connect(before: FinishedModelState): FinishedModelState {
    const { ids } = this.#bounds;
    const [state] = this.#feed(marked(before), { do: 'connect', present: true });
    let { lastId } = state;
    const flows = state.flows.map((flow): Flow => {
      const stage = flow.stage === 'unwritten' ? 'pubrel' : flow.stage;
      if (ids !== 'renaming' || stage !== 'publish') return { ...flow, stage };
      lastId += 1;
      return { ...flow, id: lastId };
    });
    const down = flows.map(
      ({ id, row, qos, stage }): Wire =>
        stage === 'publish' ? { t: 'publish', id, row, qos, dup: true } : { t: 'pubrel', id },
    );
    return { ...state, linked: true, flows, down, lastId: ids === 'restarting' ? 0 : lastId };
  }

  #send(state: FinishedModelState): FinishedModelState {
    const taken = (id: number) => state.flows.some((flow) => flow.id === id);
    let id = this.#bounds.ids === 'lowest' ? 1 : state.lastId + 1;
    while (taken(id)) id += 1;
    const flow: Flow = { id, row: state.next, qos: this.#qosOf(state.next), stage: 'publish' };
    const packet: Wire = { t: 'publish', id, row: flow.row, qos: flow.qos, dup: false };
    return { ...state, lastId: id, next: state.next + 1, flows: [...state.flows, flow], down: [...state.down, packet] };
  }

  #serve(state: FinishedModelState): FinishedModelState {
    const [packet, ...up] = state.up;
    if (packet === undefined) return state;
    const rest = { ...state, up };
    if (!('id' in packet)) return { ...rest, down: [...rest.down, { t: 'pingresp' }] };
    const flow = state.flows.find(({ id }) => id === packet.id);
    const owned = flow === undefined || state.handedOver.includes(flow.row) ? [] : [flow.row];
    const handedOver = packet.t === 'pubcomp' ? state.handedOver : [...state.handedOver, ...owned];
    if (packet.t !== 'pubrec') return { ...rest, handedOver, flows: state.flows.filter((other) => other !== flow) };
    const flows = state.flows.map((other): Flow => (other === flow ? { ...other, stage: 'pubrel' } : other));
    return { ...rest, handedOver, flows, down: [...rest.down, { t: 'pubrel', id: packet.id }] };
  }

  #take(state: FinishedModelState): FinishedModelState {
    const [packet, ...down] = state.down;
    if (packet === undefined) return state;
    if (!('id' in packet)) {
      const fenced = { ...state, down, unfenced: state.unfenced && state.up.some(({ t }) => t === 'pubcomp') };
      return this.#bounds.breach === 'fence'
        ? fenced
        : this.#feed(fenced, { do: 'receive', packet: { type: 'pingresp' } })[0];
    }
    const [next, { events }] = this.#feed({ ...state, down }, { do: 'receive', packet: this.#packetOf(packet) });
    let told = next;
    for (const event of events) {
      if (event.type === 'message-again') this.again += 1;
      else if (event.type === 'session-suspect' && packet.t === 'publish')
        told = { ...told, said: [...told.said, packet.row] };
      else if (event.type === 'message' && packet.t === 'publish') told = this.#process(told, packet.row, event.token);
      else if (event.type === 'release') [told] = this.#feed(told, { do: 'complete', token: event.token });
    }
    return told;
  }

  #process(state: FinishedModelState, row: number, token: number): FinishedModelState {
    return this.#feed({ ...state, effects: [...state.effects, row] }, { do: 'accept', token })[0];
  }

  /** A PINGREQ, where the session wants one. */
  #ask(state: FinishedModelState): Step<FinishedModelState> | undefined {
    const [asked, { packets }] = this.#feed(state, { do: 'timeout' });
    return packets.length === 0 ? undefined : step('client asks for a fence', asked);
  }

  /** The session's owner is killed with the connection: what the next one has is what the commits have stored. */
  #cut(state: FinishedModelState): FinishedModelState {
    const [{ pages, ...rest }, { state: kept, commit }] = this.#feed(state, { do: 'cut' });
    const digests = Object.entries(pages).map(([page, values]) => ({
      page: Number(page),
      digests: Int32Array.from(values),
    }));
    const inbound = fromIdRuns(commit.inbound).map((packetId, token) => ({
      packetId,
      token,
      stage: 'accepted' as const,
    }));
    const birth = { ...kept, inbound, memory: { ...commit.memory, digests } };
    return { ...rest, pages, session: { birth, inputs: [] }, linked: false, up: [], down: [] };
  }

  #restore(state: FinishedModelState): Step<FinishedModelState> | undefined {
    const { left, flows, linked, unfenced, lastId } = state;
    const possible = left.restores > 0 && flows.length === 0 && !linked && lastId > 0;
    if (!possible || (this.#bounds.restoredWhenFenced && unfenced)) return undefined;
    return fault('broker is restored', spend({ ...state, lastId: 0 }, 'restores'));
  }

  #feed(state: FinishedModelState, input: SessionInput): [FinishedModelState, SessionOutput] {
    const { session, output } = this.#sessions.feed(state.session, JSON.stringify(state.session), input);
    const packets = output.packets.map(wireOf);
    // A timeout that does nothing leaves no trace.
    if (input.do === 'timeout' && packets.length === 0) return [state, output];
    const unfenced = state.unfenced || packets.some(({ t }) => t === 'pubcomp');
    const changed = output.commit.memory.digests.map(({ page, digests }) => [page, [...digests]] as const);
    const pages = { ...state.pages, ...Object.fromEntries(changed) };
    return [{ ...state, session, pages, unfenced, up: [...state.up, ...packets] }, output];
  }

  #packetOf(packet: Extract<Wire, { readonly id: number }>): Packet {
    if (packet.t !== 'publish') return { type: packet.t, packetId: packet.id, reasonCode: 0 };
    const { equalBytes, breach } = this.#bounds;
    const payload = new TextEncoder().encode(equalBytes || breach === 'b' ? 'same' : String(packet.row));
    const { id, qos, dup } = packet;
    return { type: 'publish', topic: 't', payload, qos, retain: false, dup, packetId: id };
  }
}

/** CONNECT came: what has its PUBREC is to be sent PUBREL again; where that was so already, and was not done, it is sent once more. */
function marked(state: FinishedModelState): FinishedModelState {
  const next = { publish: 'publish', pubrel: 'unwritten', unwritten: 'publish' } as const;
  return { ...state, flows: state.flows.map((flow) => ({ ...flow, stage: next[flow.stage] })) };
}

function wireOf(packet: Packet): Wire {
  if (packet.type === 'pingreq') return { t: 'pingreq' };
  if (packet.type !== 'puback' && packet.type !== 'pubrec' && packet.type !== 'pubcomp') {
    throw new Error(`unexpected ${packet.type}`);
  }
  return { t: packet.type, id: packet.packetId };
}

function step(action: string, state: FinishedModelState): Step<FinishedModelState> {
  return { action, fault: false, state };
}

function fault(action: string, state: FinishedModelState): Step<FinishedModelState> {
  return { action: action.toUpperCase(), fault: true, state };
}

function spend(state: FinishedModelState, what: keyof FinishedModelState['left']): FinishedModelState {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}

function nameOf(packet: Wire | undefined): string {
  if (packet === undefined) return '-';
  if (packet.t === 'publish') return `PUBLISH(${packet.id}:m${packet.row}${packet.dup ? ' dup' : ''})`;
  return 'id' in packet ? `${packet.t.toUpperCase()}(${packet.id})` : packet.t.toUpperCase();
}
