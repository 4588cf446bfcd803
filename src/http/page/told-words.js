/** @import { ToldEvent } from '../told/told-events.js' */
/** @import { EndedJob } from '../told/process-listener.js' */
import { timeOfDay } from './format.js';

/**
 * What is told of something that happened.
 * @typedef {object} ToldWords
 * @property {string} time
 * @property {string} title
 * @property {string} message empty: there is none
 * @property {string} advice what to do; empty: nothing is told
 * @property {boolean} isTrouble
 */

/** Which fact says what an event is about, the first that is there. */
const ABOUT = ['name', 'part', 'source', 'sink', 'exchange', 'partition'];
/** What says why, besides an error. */
const WHY = ['status', 'reason', 'next', 'policy', 'verdict', 'finding', 'outcome', 'topic', 'filter'];

/** @param {ToldEvent} event @returns {ToldWords} */
export const eventWords = ({ time, event, times, facts }) => {
  const about = ABOUT.map((name) => textIn(facts, name)).find((text) => text !== '') ?? '';
  const why = WHY.map((name) => textIn(facts, name)).filter((text) => text !== '');
  const often = times > 1 ? [`× ${times}`] : [];
  const error = errorIn(facts.error);
  return {
    time: timeOfDay(time),
    title: [error.code, event, about, ...why, ...often].filter(Boolean).join(' · '),
    message: error.message,
    advice: error.advice,
    isTrouble: facts.error !== undefined,
  };
};

/** @param {EndedJob} job @returns {ToldWords} */
export const endedWords = ({ name, status, time, error }) => {
  const { code, message, advice } = errorIn(error);
  const title = [status, name, code].filter(Boolean).join(' · ');
  return { time: timeOfDay(time), title, message, advice, isTrouble: status === 'FAILED' };
};

/** @param {unknown} error */
const errorIn = (error) => ({
  code: textIn(error, 'code'),
  message: textIn(error, 'message'),
  advice: textIn(error, 'advice'),
});

/** @param {unknown} facts @param {string} name @returns {string} */
const textIn = (facts, name) => {
  if (typeof facts !== 'object' || facts === null) return '';
  const value = Object.getOwnPropertyDescriptor(facts, name)?.value;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};
