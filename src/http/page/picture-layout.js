/** @import { Picture } from './picture-model.js' */

/**
 * Where the boxes stand and the edges go.
 * @typedef {{ readonly x: number, readonly y: number }} Point
 *
 * @typedef {object} PictureLayout
 * @property {boolean} across from left to right; else from top to bottom
 * @property {number} width
 * @property {number} height
 * @property {ReadonlyMap<string, Point>} places left upper corners, by the ids of nodes
 * @property {readonly (readonly Point[])[]} ways of the edges, in their order: from box to box, and between the boxes that lie on the way
 */

export const BOX = { width: 148, height: 66 };
const ACROSS = { along: BOX.width, between: 56, beside: BOX.height, apart: 18 };
const DOWN = { along: BOX.height, between: 44, beside: BOX.width, apart: 16 };
const MARGIN = 4;
/** What an edge takes where it goes past a box. */
const PASSAGE = 12;

/**
 * In layers, each in the middle: across where there is room for it, else down.
 * @param {Picture} picture @param {number} room what it may be wide @returns {PictureLayout}
 */
export const layoutOf = (picture, room) => {
  const across = laidOut(picture, true);
  return across.width <= room ? across : laidOut(picture, false);
};

/** @param {Picture} picture @param {boolean} across @returns {PictureLayout} */
const laidOut = (picture, across) => {
  const { along, between, beside, apart } = across ? ACROSS : DOWN;
  const { layers, chains } = passagesOf(picture);
  const sizeOf = (/** @type {string} */ id) => (isPassage(id) ? PASSAGE : beside);
  const depths = layers.map((layer) => layer.reduce((sum, id) => sum + sizeOf(id) + apart, -apart));
  const depth = Math.max(beside, ...depths);
  const length = Math.max(1, layers.length) * (along + between) - between;
  const point = (/** @type {number} */ ahead, /** @type {number} */ aside) => {
    const [x, y] = across ? [ahead, aside] : [aside, ahead];
    return { x: x + MARGIN, y: y + MARGIN };
  };
  /** Of what is in a layer: how far it is along, where it begins aside, and how much it takes there. */
  const spans = new Map(
    layers.flatMap((layer, place) => {
      let next = (depth - (depths[place] ?? 0)) / 2;
      return layer.map((id) => {
        const span = { ahead: place * (along + between), aside: next, size: sizeOf(id) };
        next += span.size + apart;
        return /** @type {const} */ ([id, span]);
      });
    }),
  );
  const ways = chains.map((chain) =>
    chain.flatMap((id, index) => {
      const span = spans.get(id);
      if (span === undefined) return [];
      const middle = span.aside + span.size / 2;
      const [start, end] = [point(span.ahead, middle), point(span.ahead + along, middle)];
      if (index === 0) return [end];
      return index === chain.length - 1 ? [start] : [start, end];
    }),
  );
  const places = [...spans].flatMap(([id, { ahead, aside }]) =>
    isPassage(id) ? [] : [/** @type {const} */ ([id, point(ahead, aside)])],
  );
  const [width, height] = across ? [length, depth] : [depth, length];
  return { across, width: width + 2 * MARGIN, height: height + 2 * MARGIN, places: new Map(places), ways };
};

/** No id of a node begins so. */
const PASSAGE_MARK = '\0';

/** @param {string} id */
const isPassage = (id) => id.startsWith(PASSAGE_MARK);

/**
 * The layers that are in use, with a passage in each that an edge goes through; and what each edge goes through.
 * @param {Picture} picture
 */
const passagesOf = ({ nodes, edges }) => {
  const used = [...new Set(nodes.map(({ layer }) => layer))].sort((a, b) => a - b);
  const places = new Map(nodes.map(({ id, layer }) => [id, used.indexOf(layer)]));
  const layers = used.map((layer) => nodes.filter((node) => node.layer === layer).map(({ id }) => id));
  const chains = edges.map(({ from, to }, index) => {
    const [first, last] = [places.get(from) ?? 0, places.get(to) ?? 0];
    const passages = Array.from(
      { length: Math.max(0, last - first - 1) },
      (_, step) => `${PASSAGE_MARK}${index} ${step}`,
    );
    passages.forEach((passage, step) => void layers[first + 1 + step]?.push(passage));
    return [from, ...passages, to];
  });
  return { layers: ordered(layers, chains), chains };
};

/**
 * Each layer in the order of what leads to it, so that few edges cross.
 * @param {readonly (readonly string[])[]} layers
 * @param {readonly (readonly string[])[]} chains
 */
const ordered = (layers, chains) => {
  const links = chains.flatMap((chain) => chain.slice(1).map((to, index) => ({ from: chain[index] ?? '', to })));
  /** @type {Map<string, number>} */
  const ranks = new Map();
  return layers.map((layer) => {
    const rankOf = (/** @type {string} */ id) => {
      const before = links.flatMap(({ from, to }) => (to === id ? (ranks.get(from) ?? []) : []));
      return before.length === 0 ? 0.5 : before.reduce((sum, rank) => sum + rank, 0) / before.length;
    };
    const sorted = layer
      .map((id) => ({ id, rank: rankOf(id) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ id }) => id);
    for (const [index, id] of sorted.entries()) ranks.set(id, (index + 0.5) / sorted.length);
    return sorted;
  });
};
