import { test } from 'node:test';
import { type } from 'arktype';
import { expectTypeOf } from 'expect-type';
import * as v from 'valibot';
import { z } from 'zod';
import { Pipeline, type Stage, TestSources } from '../../src/index.js';

const source = () => Pipeline.create().readFrom(TestSources.items<unknown>());

test('schema gives the type of what the schema makes, of each library', () => {
  interface Reading {
    device: string;
    degrees: number;
  }
  expectTypeOf(source().schema(z.object({ device: z.string(), degrees: z.number() }))).toEqualTypeOf<Stage<Reading>>();
  expectTypeOf(source().schema(v.object({ device: v.string(), degrees: v.number() }))).toEqualTypeOf<Stage<Reading>>();
  expectTypeOf(source().schema(type({ device: 'string', degrees: 'number' }))).toEqualTypeOf<Stage<Reading>>();
});

test('a schema that changes what it takes gives the type of what comes out', () => {
  expectTypeOf(source().schema(z.string().transform(Number))).toEqualTypeOf<Stage<number>>();
  expectTypeOf(source().schema(v.pipe(v.string(), v.transform(Number)))).toEqualTypeOf<Stage<number>>();
  expectTypeOf(source().schema(type('string.numeric.parse'), { onError: 'skip' })).toEqualTypeOf<Stage<number>>();
});
