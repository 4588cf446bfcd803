/**
 * A schema of any library that has the interface of Standard Schema, version 1 (zod, valibot, arktype and others;
 * https://standardschema.dev). `Output` is the type of what has passed it.
 */
export interface StandardSchema<Output = unknown> {
  /** What the interface is. */
  readonly '~standard': {
    readonly version: 1;
    /** The library. */
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

/** What a schema says of a value: what it has become, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong. */
export interface SchemaIssue {
  /** In the words of the library; some show the value in it. */
  readonly message: string;
  /** Where, from the outside in; none for the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
