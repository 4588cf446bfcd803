/** @import { Sample } from './job-history.js' */
import { drawn, element, setAttributes, setText, showPairs } from './dom.js';
import { HISTORY_MS } from './job-history.js';

/**
 * @typedef {object} ChartLine
 * @property {string} name
 * @property {(sample: Sample) => number | null} value null: nothing was measured
 *
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {(value: number | null) => string} words a value with its unit
 * @property {readonly ChartLine[]} lines three at most
 */

const SIZE = { width: 600, height: 150 };
/** No line is drawn over what nobody saw. The server looks each five seconds where no page is open. */
const GAP_MS = 12_000;
/** So long a plot is at least; it grows with what was seen. */
const SHORTEST_MS = 30_000;

/**
 * Lines over the last five minutes. A pointer, or the arrow keys, choose an instant, whose values are told; otherwise those of now.
 */
export class LineChart {
  #options;
  #plot = drawn('svg', {
    viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  #cursor = drawn('line', { y1: 0, y2: SIZE.height, class: 'cursor', visibility: 'hidden' });
  #top = element('span', 'top-value');
  #legend = element('dl', 'legend');
  #since = element('span', 'since');
  #frame = element('div', 'plot', [this.#plot, this.#top, this.#since]);
  #paths;
  /** @type {readonly Sample[]} */
  #samples = [];
  /** What the plot is wide. */
  #spanMs = SHORTEST_MS;
  /** How long before the last one; undefined: none is chosen. @type {number | undefined} */
  #chosenMs;

  /** @param {HTMLElement} parent @param {ChartOptions} options */
  constructor(parent, options) {
    this.#options = options;
    this.#paths = options.lines.map((_, index) => drawn('path', { class: `line line-${index + 1}` }));
    this.#plot.append(...this.#paths, this.#cursor);
    const title = element('figcaption', '', [options.title]);
    parent.append(element('figure', 'chart', [title, this.#legend, this.#frame]));
    this.#listen();
  }

  /** @param {readonly Sample[]} samples the oldest first */
  show(samples) {
    this.#samples = samples;
    const seenMs = (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0);
    this.#spanMs = Math.min(HISTORY_MS, Math.max(SHORTEST_MS, seenMs));
    setText(this.#since, `${Math.round(this.#spanMs / 1000)} s ago`);
    const values = samples.flatMap((sample) => this.#options.lines.map(({ value }) => value(sample) ?? 0));
    const top = roundedUp(Math.max(1, ...values));
    setText(this.#top, this.#options.words(top));
    this.#options.lines.forEach(({ value }, index) => {
      const path = this.#paths[index];
      if (path !== undefined) setAttributes(path, { d: pathOf(samples, value, { top, spanMs: this.#spanMs }) });
    });
    this.#tell();
  }

  #listen() {
    setAttributes(this.#frame, {
      tabindex: 0,
      role: 'slider',
      'aria-label': `${this.#options.title}: an instant of the last five minutes`,
    });
    setAttributes(this.#frame, { 'aria-valuemin': -HISTORY_MS / 1000, 'aria-valuemax': 0, 'aria-valuenow': 0 });
    this.#frame.addEventListener('pointermove', ({ clientX }) => {
      const { left, width } = this.#frame.getBoundingClientRect();
      this.#choose((1 - (clientX - left) / Math.max(1, width)) * this.#spanMs);
    });
    for (const over of /** @type {const} */ (['pointerleave', 'blur']))
      this.#frame.addEventListener(over, () => this.#choose(undefined));
    this.#frame.addEventListener('keydown', (event) => {
      const step = STEPS[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.#choose(step(this.#chosenMs ?? 0));
    });
  }

  /** @param {number | undefined} ago in milliseconds */
  #choose(ago) {
    this.#chosenMs = ago === undefined ? undefined : Math.min(this.#spanMs, Math.max(0, ago));
    this.#tell();
  }

  #tell() {
    const last = this.#samples.at(-1);
    const atMs = (last?.atMs ?? 0) - (this.#chosenMs ?? 0);
    const sample = nearest(this.#samples, atMs);
    const pairs = this.#options.lines.map(({ name, value }) => {
      const shown = sample === undefined ? null : value(sample);
      return /** @type {const} */ ([name, this.#options.words(shown)]);
    });
    showPairs(this.#legend, pairs);
    const agoS = last === undefined || sample === undefined ? 0 : Math.round((last.atMs - sample.atMs) / 1000);
    const words = pairs.map(([name, value]) => `${name} ${value}`).join(', ');
    setAttributes(this.#frame, {
      'aria-valuenow': -agoS,
      'aria-valuetext': `${agoS === 0 ? 'now' : `${agoS} s ago`}: ${words}`,
    });
    const x = SIZE.width * (1 - (this.#chosenMs ?? 0) / this.#spanMs);
    setAttributes(this.#cursor, { x1: x, x2: x, visibility: this.#chosenMs === undefined ? 'hidden' : 'visible' });
  }
}

/** By the key that is pressed, how long ago is told next. @type {Readonly<Record<string, (ago: number) => number>>} */
const STEPS = {
  ArrowLeft: (ago) => ago + 1000,
  ArrowRight: (ago) => ago - 1000,
  PageDown: (ago) => ago + 30_000,
  PageUp: (ago) => ago - 30_000,
  Home: () => HISTORY_MS,
  End: () => 0,
};

/** 1, 2 or 5 with zeros. @param {number} value */
const roundedUp = (value) => {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((digit) => digit * power >= value) ?? 10) * power;
};

/**
 * @param {readonly Sample[]} samples
 * @param {ChartLine['value']} value
 * @param {{ readonly top: number, readonly spanMs: number }} scale
 */
const pathOf = (samples, value, { top, spanMs }) => {
  const lastMs = samples.at(-1)?.atMs ?? 0;
  let beforeMs = Number.NEGATIVE_INFINITY;
  let path = '';
  for (const sample of samples) {
    const of = value(sample);
    if (of === null) continue;
    const x = SIZE.width * (1 - (lastMs - sample.atMs) / spanMs);
    const y = SIZE.height * (1 - of / top);
    path += `${sample.atMs - beforeMs > GAP_MS ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    beforeMs = sample.atMs;
  }
  return path;
};

/** @param {readonly Sample[]} samples @param {number} atMs */
const nearest = (samples, atMs) =>
  samples.reduce(
    (/** @type {Sample | undefined} */ best, sample) =>
      best === undefined || Math.abs(sample.atMs - atMs) <= Math.abs(best.atMs - atMs) ? sample : best,
    undefined,
  );
