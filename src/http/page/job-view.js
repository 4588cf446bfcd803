/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
/** @import { Sample } from './job-history.js' */
/** @import { RatesOfParts } from './part-rates.js' */
/** @import { ToldEvent } from '../told/told-events.js' */
import { byId, element, KeyedList, setText, showCells, showPairs } from './dom.js';
import { bytes, count, milliseconds, perSecond, timeOfDay } from './format.js';
import { LineChart } from './line-chart.js';
import { shareInFlight } from './part-health.js';
import { PictureDrawing } from './picture-drawing.js';
import { pictureOf } from './picture-model.js';
import { pictureRows } from './picture-rows.js';
import { ToldList } from './told-list.js';
import { eventWords } from './told-words.js';

/**
 * All that is shown of a job.
 * @typedef {object} ShownJob
 * @property {JobSnapshot} job
 * @property {RatesOfParts} rates
 * @property {readonly Sample[]} samples
 * @property {readonly (readonly [key: string, event: ToldEvent])[]} events the newest first
 */

/** The view of one job: made once, and changed where something has changed. */
export class JobView {
  #name = byId('job-name', HTMLElement);
  #status = byId('job-status', HTMLElement);
  #kind = byId('job-kind', HTMLElement);
  #figures = byId('figures', HTMLElement);
  #rejected = byId('rejected', HTMLElement);
  #reasons = byId('reasons', HTMLElement);
  /** @type {KeyedList<string, HTMLLIElement>} */
  #reasonList = new KeyedList(this.#reasons.querySelector('ul') ?? this.#reasons, () => element('li'), setText);
  #picture = new PictureDrawing(byId('picture', HTMLElement));
  /** @type {KeyedList<readonly string[], HTMLTableRowElement>} */
  #table = new KeyedList(byId('picture-table', HTMLElement), () => element('tr'), showCells);
  /** @type {KeyedList<JobSnapshot['sessions'][number], HTMLTableRowElement>} */
  #connections = new KeyedList(byId('connections', HTMLElement), () => element('tr'), showConnection);
  #charts = chartsIn(byId('charts', HTMLElement));
  #errors = new ToldList(byId('errors', HTMLElement), 'None.');
  #events = new ToldList(byId('events', HTMLElement), 'None yet.');

  /** @param {ShownJob} shown */
  show({ job, rates, samples, events }) {
    setText(this.#name, job.name);
    setText(this.#status, job.status);
    this.#status.className = `pill ${job.reasons.length === 0 ? 'good' : job.status === 'RUNNING' ? 'bad' : 'slow'}`;
    setText(this.#kind, `${job.plan.guarantee}, ${job.plan.stored ? 'with a store' : 'without a store'}`);
    this.#reasons.hidden = job.reasons.length === 0;
    this.#reasonList.show(job.reasons.map((reason) => [reason, reason]));
    showPairs(this.#figures, figuresOf(job));
    showPairs(this.#rejected, rejectedOf(job));
    const picture = pictureOf(job, rates);
    this.#picture.show(picture, `Flow of ${job.name}; a table with the same follows`);
    this.#table.show(pictureRows(picture));
    for (const chart of this.#charts) chart.show(samples);
    this.#connections.show(job.sessions.map((one) => [one.name, one]));
    this.#errors.show([...job.errors].reverse().map((one) => [`${one.seq} ${one.time}`, eventWords(one)]));
    this.#events.show(events.map(([key, event]) => [key, eventWords(event)]));
  }
}

/** @param {HTMLElement} parent */
const chartsIn = (parent) => [
  new LineChart(parent, {
    title: 'Rate',
    words: (value) => perSecond(value ?? 0),
    lines: [
      { name: 'received', value: ({ received }) => received },
      { name: 'delivered', value: ({ delivered }) => delivered },
    ],
  }),
  new LineChart(parent, {
    title: 'Latency',
    words: milliseconds,
    lines: [
      { name: 'answer of the broker', value: ({ ackMs }) => ackMs },
      { name: 'commit', value: ({ commitMs }) => commitMs },
    ],
  }),
  new LineChart(parent, {
    title: 'Lag',
    words: (value) => count(value ?? 0),
    lines: [
      { name: 'buffered', value: ({ buffered }) => buffered },
      { name: 'in flight', value: ({ inFlight }) => inFlight },
      { name: 'outbox', value: ({ outbox }) => outbox },
    ],
  }),
];

/** @param {JobSnapshot} job @returns {readonly (readonly [string, string])[]} */
const figuresOf = (job) => {
  const { rates, counts, plan } = job;
  const full = Math.round(shareInFlight(job) * 100);
  return [
    ['received', perSecond(rates.receivedPerSecond)],
    ['delivered', perSecond(rates.deliveredPerSecond)],
    ['answer of the broker', milliseconds(rates.ackMs)],
    ['in flight', `${count(counts.itemsInFlight)} (${full} %)`],
    ['waiting for a sink or call', count(counts.itemsWaiting)],
    ...(plan.stored ? stored(job) : []),
    ['received in all', count(counts.itemsReceived)],
    ['delivered in all', count(counts.itemsDelivered)],
  ];
};

/** @param {JobSnapshot} job @returns {readonly (readonly [string, string])[]} */
const stored = ({ rates, counts }) => [
  ['outbox', `${count(counts.outboxMessages)}, ${bytes(counts.outboxBytes)}`],
  ['commits', perSecond(rates.commitsPerSecond)],
  ['commit', milliseconds(rates.commitMs)],
];

/** @param {JobSnapshot} job @returns {readonly (readonly [string, string])[]} */
const rejectedOf = ({ counts, plan, sinks }) => [
  ['dead letters', count(counts.itemsDeadLettered)],
  ['skipped', count(counts.itemsSkipped)],
  ...plan.parts
    .filter(({ kind }) => kind === 'dead-letters')
    .map(({ called }) => {
      const delivered = sinks[called]?.millrace_sink_delivered_total;
      return /** @type {const} */ ([`to ${called}`, delivered === undefined ? '–' : `${count(delivered)} delivered`]);
    }),
];

/** @param {HTMLTableRowElement} row @param {JobSnapshot['sessions'][number]} connection */
const showConnection = (row, { name, connected, since, session, trouble }) => {
  row.className = connected ? '' : 'trouble';
  const { server, clientId, version, sessionPresent, epoch } = session;
  const of = version === undefined ? [] : [`MQTT ${MQTT_VERSIONS[String(version)] ?? version}`];
  const kept = sessionPresent === undefined ? [] : [sessionPresent === true ? 'gone on with' : 'made anew'];
  const number = epoch === undefined ? [] : [`epoch ${epoch}`];
  showCells(row, [
    clientId === undefined || name.endsWith(String(clientId)) ? name : `${name} (${clientId})`,
    connected ? 'connected' : trouble?.retried === true ? 'away, tried again' : 'away',
    timeOfDay(since),
    typeof server === 'string' ? server : 'not reached yet',
    [...of, ...kept, ...number].join(', '),
    trouble === undefined
      ? ''
      : [`${trouble.code}: ${trouble.message}`, trouble.advice].filter(Boolean).join(' What to do: '),
  ]);
};

/** @type {Readonly<Record<string, string>>} */
const MQTT_VERSIONS = { 3: '3.1', 4: '3.1.1', 5: '5.0' };
