/** What a peer is asked to do. */
export interface PeerTask {
  readonly work: 'bridge' | 'consume';
  /** Ports on this machine; `to` is empty where nothing is written. */
  readonly from: string;
  readonly to: string;
  /** Messages that it may leave unacknowledged. */
  readonly window: number;
  readonly clientId: string;
  readonly filter: string;
}

/** How it is started. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What users would take for the same work. */
export interface Peer {
  readonly title: string;
  /** What it guarantees as a bridge, as far as it is known. */
  readonly bridge: string;
  /** … as what consumes; undefined: it is none. */
  readonly consume: string | undefined;
  /** Installs and builds what it needs. Rejects with the reason where that is not to be had. */
  prepare(): Promise<ReadyPeer>;
}

/** One that can be started: a program of its own, or the broker that is written to, with these lines in its configuration. */
export type ReadyPeer =
  | { readonly how: 'program'; commandLine(task: PeerTask): Promise<CommandLine> }
  | { readonly how: 'broker'; config(task: PeerTask): readonly string[] };

/** What every program of `bench/peers` takes, in this order. */
export const peerArguments = ({ work, from, to, window, clientId, filter }: PeerTask): readonly string[] => [
  work,
  from,
  to,
  String(window),
  clientId,
  filter,
];
