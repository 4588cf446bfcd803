/** What is wrong with the value of an option that was given, as sentences that begin with its name. Empty: nothing. */
export type OptionCheck = (value: unknown, name: string) => readonly string[];

/** The longest wait that a Node timer takes. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LONGEST_SHOWN = 20;

/** A check of one condition. It shows the kind of the value only: the value may be a secret in the wrong place. */
export const must =
  (be: string, isRight: (value: unknown) => boolean): OptionCheck =>
  (value, name) =>
    isRight(value) ? [] : [`${name} must be ${be}, not ${kindOf(value)}`];

/** As `must`, of options that are no place for a secret, as all that are numbers: the value is shown. */
export const mustShown =
  (be: string, isRight: (value: unknown) => boolean): OptionCheck =>
  (value, name) =>
    isRight(value) ? [] : [`${name} must be ${be}, not ${shownValue(value)}`];

const isNumber = (value: unknown): value is number => typeof value === 'number';

export const anything: OptionCheck = () => [];
export const flag = mustShown('true or false', (value) => typeof value === 'boolean');
export const text = must('a string', (value) => typeof value === 'string');
export const someText = must('a string that is not empty', (value) => typeof value === 'string' && value !== '');
export const func = must('a function', (value) => typeof value === 'function');
export const bytes = must('a Uint8Array', (value) => value instanceof Uint8Array);
export const textOrBytes = must(
  'a string or a Uint8Array',
  (value) => typeof value === 'string' || value instanceof Uint8Array,
);
export const anObject = must('an object', (value) => typeof value === 'object' && value !== null);

/** Within bounds, both inclusive. */
export const wholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER): OptionCheck => {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  return mustShown(
    `a whole number ${range}`,
    (value) => isNumber(value) && Number.isInteger(value) && value >= min && value <= max,
  );
};

/** How many. */
export const count = wholeNumber(1);

/** A time that a timer can wait for, fractions allowed. */
export const milliseconds = mustShown(
  `a number of milliseconds from 0 to ${LONGEST_TIMER_MS}`,
  (value) => isNumber(value) && value >= 0 && value <= LONGEST_TIMER_MS,
);

/** One of a closed list. */
export const oneOf = (...choices: readonly (string | number | boolean)[]): OptionCheck => {
  const words = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)));
  const last = words.pop();
  return mustShown(words.length === 0 ? `${last}` : `${words.join(', ')} or ${last}`, (value) =>
    choices.some((choice) => choice === value),
  );
};

/** A list whose members are checked one by one, each named by its index. */
export const listOf =
  (check: OptionCheck): OptionCheck =>
  (value, name) =>
    Array.isArray(value)
      ? value.flatMap((member, index) => check(member, `${name}[${index}]`))
      : [`${name} must be an array, not ${kindOf(value)}`];

/** What has these methods: a port that others may implement. */
export const withMethods = (what: string, ...methods: readonly string[]): OptionCheck =>
  must(
    what,
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof Reflect.get(value, method) === 'function'),
  );

export const abortSignal = withMethods('an AbortSignal', 'addEventListener', 'removeEventListener');

/** Whatever passes one of the checks. */
export const either = (be: string, ...checks: readonly OptionCheck[]): OptionCheck => must(be, passesOne(checks));

/** The same of options that are no place for a secret. */
export const eitherShown = (be: string, ...checks: readonly OptionCheck[]): OptionCheck =>
  mustShown(be, passesOne(checks));

const passesOne =
  (checks: readonly OptionCheck[]) =>
  (value: unknown): boolean =>
    checks.some((check) => check(value, '').length === 0);

/** Numbers and the like, and a short text, as they are: they tell what was confused. Of all else the kind. */
export const shownValue = (value: unknown): string => {
  if (typeof value === 'string' && value.length <= LONGEST_SHOWN) return `'${value}'`;
  if (typeof value === 'bigint') return `the bigint ${value}`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
};

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};
