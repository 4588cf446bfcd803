/** @import { Picture, PictureEdge, PictureNode } from './picture-model.js' */
/** @import { PictureLayout, Point } from './picture-layout.js' */
import { drawn, setAttributes, setText } from './dom.js';
import { perSecond, shortened } from './format.js';
import { BOX, layoutOf } from './picture-layout.js';

const LONGEST_TITLE = 20;
/** Below it a picture is moved in its frame instead of made smaller. */
const SMALLEST_SCALE = 0.75;
const BAR = { x: 10, y: 56, width: BOX.width - 20, height: 4 };

/** Draws a picture, and moves nothing of it while the parts are the same. */
export class PictureDrawing {
  #frame;
  #shape = '';
  /** @type {Map<string, (node: PictureNode) => void>} */
  #nodes = new Map();
  /** @type {((edge: PictureEdge) => void)[]} */
  #edges = [];

  /** @param {HTMLElement} frame */
  constructor(frame) {
    this.#frame = frame;
  }

  /** @param {Picture} picture @param {string} label what it is a picture of */
  show(picture, label) {
    const room = this.#frame.clientWidth;
    const shape = JSON.stringify([
      room,
      label,
      picture.nodes.map(({ id, layer }) => [id, layer]),
      picture.edges.map(({ from, to }) => [from, to]),
    ]);
    if (shape !== this.#shape) {
      this.#draw(picture, layoutOf(picture, room / SMALLEST_SCALE), room, label);
      this.#shape = shape;
    }
    for (const node of picture.nodes) this.#nodes.get(node.id)?.(node);
    for (const [index, edge] of picture.edges.entries()) this.#edges[index]?.(edge);
  }

  /** @param {Picture} picture @param {PictureLayout} layout @param {number} room @param {string} label */
  #draw({ nodes }, layout, room, label) {
    const { width, height, places, ways, across } = layout;
    const scale = Math.max(SMALLEST_SCALE, Math.min(1, room / width));
    const picture = drawn('svg', {
      viewBox: `0 0 ${width} ${height}`,
      width: width * scale,
      height: height * scale,
      role: 'img',
    });
    setAttributes(picture, { 'aria-label': label });
    this.#edges = ways.map((way) => drawEdge(picture, way, across));
    this.#nodes = new Map(nodes.map(({ id }) => [id, drawNode(picture, places.get(id))]));
    this.#frame.replaceChildren(picture);
  }
}

/**
 * @param {SVGSVGElement} picture
 * @param {readonly Point[]} way
 * @param {boolean} across
 * @returns {(edge: PictureEdge) => void}
 */
const drawEdge = (picture, way, across) => {
  const [start, second] = way;
  if (start === undefined || second === undefined) return () => {};
  const line = drawn('path', {
    d: `M${start.x} ${start.y}${way
      .slice(1)
      .map((to, index) => stepOf(way[index] ?? to, to, across))
      .join('')}`,
  });
  const [x, y] = [(start.x + second.x) / 2, (start.y + second.y) / 2];
  const text = drawn('text', {
    x: across ? x : x + 6,
    y: across ? y - 7 : y + 4,
    class: 'rate',
    'text-anchor': across ? 'middle' : 'start',
  });
  picture.append(line, text);
  return ({ rate, is }) => {
    setAttributes(line, { class: `edge ${is}`, 'stroke-width': strokeOf(rate) });
    setText(text, rate === undefined ? '' : perSecond(rate));
  };
};

/** A curve that begins and ends along the picture. @param {Point} from @param {Point} to @param {boolean} across */
const stepOf = (from, to, across) => {
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  return `C${across ? `${x} ${from.y} ${x} ${to.y}` : `${from.x} ${y} ${to.x} ${y}`} ${to.x} ${to.y}`;
};

/** Ten times as fast is a little wider. @param {number | undefined} rate */
const strokeOf = (rate) => (1.5 + Math.min(5, Math.log10((rate ?? 0) + 1))).toFixed(1);

/** @param {SVGSVGElement} picture @param {Point | undefined} place @returns {(node: PictureNode) => void} */
const drawNode = (picture, place) => {
  // one of its own cuts off what is too long
  const group = drawn('svg', { ...BOX, x: place?.x ?? 0, y: place?.y ?? 0 });
  const whole = drawn('title');
  const box = drawn('rect', { x: 2, y: 2, width: BOX.width - 4, height: BOX.height - 4, rx: 9, class: 'box' });
  const kind = drawn('text', { x: 10, y: 17, class: 'kind' });
  const title = drawn('text', { x: 10, y: 34, class: 'title' });
  const state = drawn('text', { x: 10, y: 50, class: 'state' });
  const full = drawn('text', { x: BOX.width - 10, y: 17, class: 'kind', 'text-anchor': 'end' });
  const track = drawn('rect', { ...BAR, rx: 2, class: 'track' });
  const fill = drawn('rect', { ...BAR, rx: 2, class: 'fill' });
  group.append(whole, box, kind, title, state, full, track, fill);
  picture.append(group);
  return ({ kind: what, title: name, health: { is, words, share, held } }) => {
    setAttributes(group, { class: `node ${is}${what.startsWith('broker') ? ' broker' : ''}` });
    setText(whole, [`${what} ${name}: ${words}`, held].filter(Boolean).join('. '));
    setText(kind, what);
    setText(title, shortened(name, LONGEST_TITLE));
    setText(state, `${MARK[is]} ${words}`);
    setText(full, (share ?? 0) < 0.01 ? '' : `${Math.round((share ?? 0) * 100)} %`);
    setAttributes(track, { visibility: share === undefined ? 'hidden' : 'visible' });
    setAttributes(fill, {
      width: ((share ?? 0) * BAR.width).toFixed(1),
      visibility: share === undefined ? 'hidden' : 'visible',
    });
  };
};

/** Beside the colour, for who does not tell them apart. */
const MARK = { good: '●', slow: '◐', bad: '▲', idle: '○' };
