import type { ConnectOptions, Credentials } from './connect-options.js';

/** Where a source or sink connects and who it is there: what another connection to the same broker can have in common with it. */
export interface ConnectionPlace {
  /** URL; undefined: the default one. */
  readonly broker: string | undefined;
  /** Undefined: none, or in the URL. */
  readonly auth: Credentials | undefined;
  /** The function itself: two that give the same are two places. */
  readonly connectOptionsFn: (() => ConnectOptions) | undefined;
  /** Of the lender; undefined where each opening has another one. */
  readonly clientId: string | undefined;
}

type AtPlace = (place: ConnectionPlace) => object;

/** What goes where it is lent a place, with how it is made for one. */
const borrowers = new WeakMap<object, AtPlace>();

/** What was made for which place, so that one borrower is one thing at each place. */
const made = new WeakMap<object, { readonly place: ConnectionPlace; readonly at: object }[]>();

/** Has `borrower` replaced by what `make` gives, wherever it is given to a source or sink that has a place. */
export function borrowsPlace<B extends object>(borrower: B, make: (place: ConnectionPlace) => B): B {
  borrowers.set(borrower, make);
  return borrower;
}

/** What `given` is at this place: itself, unless it borrows one. */
function atPlace<G extends object>(given: G, place: ConnectionPlace): G {
  const make = borrowers.get(given);
  if (make === undefined) return given;
  const known = made.get(given) ?? [];
  const found = known.find((one) => isSame(one.place, place));
  const at = found?.at ?? make(place);
  if (found === undefined) made.set(given, [...known, { place, at }]);
  // registered with a function that gives the same type
  return at as G;
}

function isSame(one: ConnectionPlace, other: ConnectionPlace): boolean {
  return (
    one.broker === other.broker &&
    one.connectOptionsFn === other.connectOptionsFn &&
    one.clientId === other.clientId &&
    one.auth?.username === other.auth?.username &&
    one.auth?.password === other.auth?.password
  );
}

/** `onError` of a source or sink that lends its place to its dead letters. */
export function lendingPlace<L extends object>(
  onError: 'fail' | 'skip' | { readonly deadLetter: L },
  { broker, auth, connectOptionsFn, clientId }: Partial<ConnectionPlace>,
): 'fail' | 'skip' | { readonly deadLetter: L } {
  if (typeof onError === 'string') return onError;
  return { deadLetter: atPlace(onError.deadLetter, { broker, auth, connectOptionsFn, clientId }) };
}
