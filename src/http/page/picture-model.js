/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
/** @import { PartHealth } from './part-health.js' */
/** @import { RatesOfParts } from './part-rates.js' */
import { sinkHealth, sourceHealth, stageHealth } from './part-health.js';

/**
 * @typedef {object} PictureNode
 * @property {string} id
 * @property {string} kind `broker` with its scheme, or that of the part
 * @property {string} title
 * @property {number} layer how many are in front of it, at most
 * @property {number | undefined} comes a second; undefined: it is not counted there
 * @property {number | undefined} goes
 * @property {PartHealth} health
 *
 * @typedef {object} PictureEdge
 * @property {string} from
 * @property {string} to
 * @property {number | undefined} rate a second; undefined: it is not counted there
 * @property {PartHealth['is']} is
 *
 * @typedef {object} Picture
 * @property {readonly PictureNode[]} nodes
 * @property {readonly PictureEdge[]} edges
 */

/**
 * A job as it is drawn: brokers, then sources, stages and sinks, then brokers.
 * @param {JobSnapshot} job
 * @param {RatesOfParts} rates
 * @returns {Picture}
 */
export const pictureOf = (job, rates) => {
  const layers = layersOf(job);
  const last = Math.max(2, ...layers);
  const parts = job.plan.parts.map((part, index) => {
    const layer = isSink(part.kind) ? last : (layers[index] ?? 1);
    return { ...nodeOf(job, part, rates), layer };
  });
  const within = job.plan.edges.flatMap(({ from, to }) => {
    const [start, end] = [parts[from], parts[to]];
    return start === undefined || end === undefined ? [] : [edgeBetween(start, end, job)];
  });
  const brokers = parts.flatMap((part) => brokersOf(job, part, last + 1));
  return {
    nodes: [...joined(brokers.map(({ node }) => node)), ...parts],
    edges: [...brokers.map(({ edge }) => edge), ...within],
  };
};

/** @param {string} kind */
const isSink = (kind) => kind === 'sink' || kind === 'dead-letters';

/**
 * Of each part the longest way to it; a part stands behind all that lead to it.
 * @param {JobSnapshot} job
 * @returns {readonly number[]}
 */
const layersOf = ({ plan: { parts, edges } }) => {
  const layers = parts.map(() => 1);
  for (const [index] of parts.entries())
    for (const { from, to } of edges) {
      if (from !== index) continue;
      layers[to] = Math.max(layers[to] ?? 1, (layers[from] ?? 1) + 1);
    }
  return layers;
};

/**
 * @param {JobSnapshot} job
 * @param {JobSnapshot['plan']['parts'][number]} part
 * @param {RatesOfParts} rates
 * @returns {Omit<PictureNode, 'layer'>}
 */
const nodeOf = (job, part, rates) => {
  const named = { id: `part ${part.name}`, kind: part.kind, title: part.called };
  if (part.kind === 'source') {
    const rate = rates.received(part);
    return { ...named, comes: rate, goes: rate, health: sourceHealth(job, part) };
  }
  if (!isSink(part.kind)) return { ...named, comes: undefined, goes: undefined, health: stageHealth(job, part) };
  const goes = rates.delivered(part);
  return { ...named, comes: rates.taken(part), goes, health: sinkHealth(job, part) };
};

/** @param {PictureNode} start @param {PictureNode} end @param {JobSnapshot} job @returns {PictureEdge} */
const edgeBetween = (start, end, { status }) => {
  const is = end.health.takes ? 'good' : end.health.is;
  return { from: start.id, to: end.id, rate: start.goes ?? end.comes, is: status === 'RUNNING' ? is : 'idle' };
};

/**
 * The brokers at which a source or a sink has clients, as far as they are known.
 * @param {JobSnapshot} job
 * @param {PictureNode} part
 * @param {number} last
 */
const brokersOf = (job, part, last) => {
  const side = part.kind === 'source' ? 'in' : isSink(part.kind) ? 'out' : undefined;
  if (side === undefined) return [];
  const ours = job.sessions.filter(({ name }) =>
    side === 'in' ? name === `source ${part.title}` : name.replace(/-\d+$/, '') === part.title,
  );
  const servers = new Map(
    ours.map((one) => [serverOf(one), ours.filter((other) => serverOf(other) === serverOf(one))]),
  );
  return [...servers].map(([server, sessions]) => {
    const isUp = sessions.every(({ connected }) => connected);
    /** @type {PictureNode} */
    const node = {
      id: `${side} ${server === '' ? part.title : server}`,
      ...brokerNamed(server),
      comes: undefined,
      goes: undefined,
      layer: side === 'in' ? 0 : last,
      health: {
        is: isUp ? 'good' : 'bad',
        words: isUp ? 'connected' : 'away',
        takes: isUp,
        share: undefined,
        held: '',
      },
    };
    const [from, to] = side === 'in' ? [node, part] : [part, node];
    const rate = side === 'in' ? part.comes : part.goes;
    /** @type {PictureEdge} */
    const edge = { from: from.id, to: to.id, rate, is: isUp ? part.health.is : 'bad' };
    return { node, edge };
  });
};

/** @param {string} server its URL; empty: it is not known @returns {Pick<PictureNode, 'kind' | 'title'>} */
const brokerNamed = (server) => {
  const [scheme = '', address = ''] = server.split('://');
  return address === ''
    ? { kind: 'broker', title: server === '' ? 'not reached yet' : server }
    : { kind: `broker, ${scheme}`, title: address };
};

/** @param {JobSnapshot['sessions'][number]} session */
const serverOf = ({ session }) => (typeof session.server === 'string' ? session.server : '');

/**
 * One broker that several have clients at is away where any of them is.
 * @param {readonly PictureNode[]} brokers
 * @returns {readonly PictureNode[]}
 */
const joined = (brokers) => {
  /** @type {Map<string, PictureNode>} */
  const byId = new Map();
  for (const one of brokers) {
    const before = byId.get(one.id);
    if (before === undefined || before.health.is === 'good') byId.set(one.id, one);
  }
  return [...byId.values()];
};
