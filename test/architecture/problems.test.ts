import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { expect, test } from 'vitest';
import { formatProblem, problem } from '../../source/cluster/result.ts';

/** Every text of a problem is a whole sentence: what is true, then what to do. */

const source = resolve(import.meta.dirname, '../../source');

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const children = (node: Node): readonly Node[] => Object.values(node).flat().filter(isNode);

/** How the text that an expression gives begins; null: with something that was worked out. */
const beginnings = (node: Node): readonly (string | null)[] => {
  if (node.type === 'Literal') return [String(node.value)];
  if (node.type === 'ConditionalExpression')
    return [node.consequent, node.alternate].filter(isNode).flatMap(beginnings);
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node.quasis)) return [null];
  const [first] = node.quasis;
  const text = isNode(first) && typeof first.value === 'object' && first.value !== null ? first.value : {};
  return ['cooked' in text && text.cooked !== '' ? String(text.cooked) : null];
};

const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .flatMap((name) => {
    const code = readFileSync(join(source, name), 'utf8');
    if (!code.includes('problem(')) return [];
    const found: { readonly file: string; readonly text: string }[] = [];
    const visit = (node: Node): void => {
      if (
        node.type === 'CallExpression' &&
        isNode(node.callee) &&
        node.callee.name === 'problem' &&
        Array.isArray(node.arguments)
      )
        for (const argument of node.arguments.slice(0, 2).filter(isNode))
          for (const text of beginnings(argument)) if (text !== null) found.push({ file: name, text });
      for (const child of children(node)) visit(child);
    };
    const program: unknown = parseAst(code, { lang: name.endsWith('x') ? 'tsx' : 'ts' }, name);
    if (isNode(program)) visit(program);
    return found;
  });

test('the problems were read at all', () => {
  expect(texts.length).toBeGreaterThan(150);
});

test('a text begins with a capital, or with the name of a program', () => {
  expect(texts.filter(({ text }) => !/^(?:[A-Z“"`]|pg_|systemctl )/.test(text))).toEqual([]);
});

test('a text ends as a sentence, whatever it was made of', () => {
  expect(problem('The host is down', 'Is it on?')).toEqual({
    what: 'The host is down.',
    remedy: 'Is it on?',
  });
  expect(formatProblem(problem('The host is down', 'Start it.', 'EHOSTUNREACH'))).toBe(
    'The host is down. Start it.',
  );
  expect(formatProblem(problem('The host is down', 'Start it.', 'EHOSTUNREACH'), 'with cause')).toBe(
    'The host is down. Start it. (EHOSTUNREACH)',
  );
});
