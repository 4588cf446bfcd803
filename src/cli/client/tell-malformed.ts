import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { foreignText } from '../../internal/visible-text.js';
import { factsOf, textOf } from '../../metrics/warnings/facts.js';
import type { ReportedEvent } from '../job/reporter.js';

const CHANNEL = 'millrace:message-malformed';
/** Whoever may publish can send any number. */
const MOST_TOLD = 100;

/** Says of malformed messages that they came, and what becomes of them. @param fate `is left out` */
export function tellMalformed(tell: (event: ReportedEvent) => void, fate: string): Disposable {
  let told = 0;
  const onMalformed = (message: unknown): void => {
    told += 1;
    if (told > MOST_TOLD) return;
    const facts = factsOf(message);
    const topic = textOf(facts, 'topic');
    const which = topic === '' ? 'a message whose topic cannot be read' : `a message of "${foreignText(topic)}"`;
    const why = foreignText(textOf(factsOf(facts.error), 'message'));
    const last = told === MOST_TOLD ? '; of others nothing is said' : '';
    const note = `${which} is malformed (${why}) and ${fate}${last}`;
    tell({ event: 'note', text: `note: ${note}`, facts: { note, ...facts } });
  };
  subscribe(CHANNEL, onMalformed);
  return { [Symbol.dispose]: () => void unsubscribe(CHANNEL, onMalformed) };
}
