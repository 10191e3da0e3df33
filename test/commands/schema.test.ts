import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { clusterFileSchema } from '../../source/commands/schema.ts';

/** What an editor knows of the cluster file. */

const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), node).optional(),
    additionalProperties: z.union([z.boolean(), node]).optional(),
    required: z.array(z.string()).optional(),
    anyOf: z.array(node).optional(),
    enum: z.array(z.unknown()).optional(),
  }),
);
interface Node {
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly additionalProperties?: boolean | Node | undefined;
  readonly required?: readonly string[] | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
}
const top = node.parse(clusterFileSchema());

/** Keys of a file that the schema does not have. */
const unknown = (value: unknown, schema: Node, at = ''): readonly string[] => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const choices = schema.anyOf ?? [schema];
  return Object.entries(value).flatMap(([key, inner]) => {
    const next = choices
      .map(
        ({ properties, additionalProperties: more }) =>
          properties?.[key] ?? (typeof more === 'object' ? more : undefined),
      )
      .find((one) => one !== undefined);
    return next === undefined ? [`${at}${key}`] : unknown(inner, next, `${at}${key}.`);
  });
};

test('it has every key of the example that has everything, and no other key is right', () => {
  const page = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');
  const [, , full = ''] = page.split('```yaml\n').map((one) => one.split('```')[0] ?? '');
  expect(full).toContain('smoke-test');
  expect(unknown(parse(full), top)).toEqual([]);
  expect(unknown({ monitr: {}, upgrade: { mode: 'link', moed: 1 } }, top)).toEqual([
    'monitr',
    'upgrade.moed',
  ]);
  expect(top.additionalProperties).toBe(false);
});

test('it says what is required, and what a value may be', () => {
  expect(top.required).toEqual(['monitor', 'target']);
  expect(top.properties?.upgrade?.properties?.mode?.enum).toEqual(['link', 'clone', 'copy']);
});
