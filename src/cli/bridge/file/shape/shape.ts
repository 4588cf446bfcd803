/** What a value of a bridge file must be. From one such declaration come the check, the JSON Schema, the table of the documents and the types. */
export type Shape = TextShape | ChoiceShape | NumberShape | FlagShape | ListShape | RecordShape | NamedShape;

/** What a text has to be besides a text; `FORMATS` has how that is looked at. */
export type Format = 'url' | 'filter' | 'topic' | 'template' | 'name' | 'path';

interface TextShape {
  readonly kind: 'text';
  readonly format?: Format;
  /** Nothing that is said of it repeats it. */
  readonly secret?: true;
}

/** One of a few words or numbers. */
interface ChoiceShape {
  readonly kind: 'choice';
  readonly of: readonly (string | number)[];
}

/** `whole`: no decimals. */
interface NumberShape {
  readonly kind: 'whole' | 'seconds';
  /** Default 0. */
  readonly min?: number;
  readonly max: number;
}

interface FlagShape {
  readonly kind: 'flag';
}

/** At least one, each of them so. */
interface ListShape {
  readonly kind: 'list';
  readonly of: Shape;
}

/** Keys that are known. */
export interface RecordShape {
  readonly kind: 'record';
  readonly fields: Readonly<Record<string, Field>>;
}

/** Names that the user chooses, at least one. */
interface NamedShape {
  readonly kind: 'named';
  /** What one of them is: `broker`. */
  readonly each: string;
  readonly of: RecordShape;
}

/** A key of a record. */
export interface Field {
  readonly shape: Shape;
  readonly required?: true;
  /** A sentence, in Markdown without links: for the table and for editors. */
  readonly help: string;
  /** As the table has it; undefined: none. */
  readonly fallback?: string;
}

/** The value that a file gives for a shape. */
export type ValueOf<S> = S extends { readonly kind: 'text' }
  ? string
  : S extends { readonly kind: 'choice'; readonly of: readonly (infer Choice)[] }
    ? Choice
    : S extends { readonly kind: 'whole' | 'seconds' }
      ? number
      : S extends { readonly kind: 'flag' }
        ? boolean
        : S extends { readonly kind: 'list'; readonly of: infer Item }
          ? readonly ValueOf<Item>[]
          : S extends { readonly kind: 'named'; readonly of: infer Each }
            ? ReadonlyMap<string, ValueOf<Each>>
            : S extends { readonly kind: 'record'; readonly fields: infer Fields }
              ? RecordValue<Fields>
              : never;

type RecordValue<Fields> = {
  readonly [Key in keyof Fields as Fields[Key] extends { readonly required: true } ? Key : never]: FieldValue<
    Fields[Key]
  >;
} & {
  readonly [Key in keyof Fields as Fields[Key] extends { readonly required: true } ? never : Key]?: FieldValue<
    Fields[Key]
  >;
};

type FieldValue<F> = F extends { readonly shape: infer S } ? ValueOf<S> : never;
