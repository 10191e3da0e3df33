import { describe, expect, test } from 'vitest';
import type { Inventory } from '../../source/cluster/inventory.ts';
import type { Entry } from '../../source/engine/journal/entry.ts';
import { escapedProse, inlineCode } from '../../source/reports/markdown.ts';
import { toHtml } from '../../source/reports/to-html.ts';
import { toMarkdown } from '../../source/reports/to-markdown.ts';
import { labCluster } from '../runbook/clusters.ts';
import { word } from '../runbook/word.ts';
import { reportOf, told } from './journals.ts';

const evil =
  '</pre></code></title></style><script>alert(1)</script><img src=x onerror=alert(1)> "\' | a | b |\n## Finished ``` ~~~ `x` **b** _i_ [l](javascript:alert(1)) ![p](http://evil.example/p.png) http://evil.example @root &lt; \u001b]52;c;AAAA\u0007\u202e';

const probe = { state: 'pending', says: evil } as const;
const setting = { value: evil, source: 'configuration file' };
const inventory: Inventory = {
  version: evil,
  systemIdentifier: evil,
  timeline: 1,
  inRecovery: false,
  settings: { [evil]: setting, work_mem: setting },
  hba: [evil],
  silent: [evil],
  databases: [
    {
      name: evil,
      bytes: 1,
      tables: 1,
      indexes: 0,
      sequences: 0,
      views: 0,
      functions: 0,
      largeObjects: 0,
      extensions: [{ name: evil, version: evil }],
      rows: [{ name: evil, bytes: 1, rows: 1, estimate: null }],
    },
  ],
};
const looked = (moment: 'begin' | 'stop' | 'verified' | 'end', one: Inventory | null): Entry => ({
  kind: 'inventory',
  moment,
  host: 'node_1',
  inventory: one,
  why: one === null ? evil : null,
});
const entries: readonly Entry[] = [
  { kind: 'run', cluster: evil, operator: evil, from: evil, to: evil, factsId: evil },
  { kind: 'facts', facts: { ...labCluster(), name: word(evil), formation: word(evil) } },
  { kind: 'turned', direction: 'upgrade', verdict: evil },
  {
    kind: 'runbook',
    direction: 'upgrade',
    steps: [
      {
        id: evil,
        phase: 'A',
        host: evil,
        title: evil,
        danger: 'point-of-no-return',
        writes: 'stop',
        optional: false,
      },
    ],
  },
  looked('begin', inventory),
  looked('verified', null),
  looked('end', { ...inventory, hba: [], settings: { [evil]: { ...setting, value: 'b' } } }),
  {
    kind: 'confirmed',
    step: evil,
    host: evil,
    as: evil,
    typed: evil,
    job: evil,
    script: evil,
    expectedMs: 5,
  },
  { kind: 'ended', step: evil, job: evil, exitCode: 1, tookMs: 1, outputFrom: 0, outputTo: 9 },
  { kind: 'failed', step: evil, what: evil, unmet: [evil], probe },
  { kind: 'skipped', step: evil, reason: evil, probe },
  { kind: 'answered', question: evil, answer: evil },
  { kind: 'lock', event: 'taken-over', token: evil, other: evil, typed: evil },
  { kind: 'quiet', step: evil, seconds: 1, found: [evil] },
  { kind: 'left', running: evil, why: evil },
];
/** What CommonMark reads as markup of a line: without escaped characters, and without code spans. */
const markupOf = (line: string): string => {
  let left = '';
  for (let at = 0; at < line.length; ) {
    const rest = line.slice(at);
    const escaped = /^\\[!-/:-@[-`{-~]/.exec(rest)?.[0];
    const ticks = /^`+/.exec(rest)?.[0];
    const span =
      ticks === undefined
        ? undefined
        : new RegExp(`^${ticks}(?!\`)[^]*?(?<!\`)${ticks}(?!\`)`).exec(rest)?.[0];
    const skipped = escaped ?? span;
    left += skipped === undefined ? line.charAt(at) : '';
    at += skipped?.length ?? 1;
  }
  return left;
};

const { title, blocks } = reportOf(told(entries), () => [evil]);

describe('what hosts and people have typed', () => {
  const html = toHtml(title, blocks);
  const markdown = toMarkdown(blocks);

  test('becomes no markup in HTML: every tag is one of the report’s own, with the report’s own attributes', () => {
    const tags = [...html.matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)];
    const own =
      /^(html|head|meta|title|style|body|main|h[1-3]|p|ul|li|div|table|thead|tbody|tr|th|td|code|strong|pre|details|summary|svg|rect|line|text)$/;
    expect(tags.map(([, name = '']) => name).filter((name) => !own.test(name))).toEqual([]);
    const attributes = tags.flatMap(([, , rest = '']) =>
      [...rest.matchAll(/ ([a-z0-9-]+)="[^"<]*"/gi)].map(([, name]) => name),
    );
    expect([...new Set(attributes)].sort()).toEqual(
      [
        'aria-label',
        'charset',
        'class',
        'content',
        'height',
        'http-equiv',
        'lang',
        'name',
        'role',
        'rx',
        'text-anchor',
        'viewBox',
        'width',
        'x',
        'x1',
        'x2',
        'y',
        'y1',
        'y2',
      ].sort(),
    );
    expect(html.match(/<style>/g)).toHaveLength(1);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('and the page asks nobody for anything', () => {
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/\b(src|href|url)\s*[=(]\s*["']/i);
  });

  test('becomes neither row nor heading, link, picture, mention nor HTML in Markdown', () => {
    const lines = markdown.split('\n');
    const outside: string[] = [];
    let fence: string | null = null;
    for (const line of lines) {
      const ticks = /^(`{3,})/.exec(line)?.[1] ?? null;
      if (fence === null && ticks !== null) fence = ticks;
      else if (fence !== null && line === fence) fence = null;
      else if (fence === null) outside.push(line);
    }
    expect(fence).toBeNull();
    const active = outside.map(markupOf);
    expect(active.filter((line) => /[<>`~]|\[|\]|:\/\/|(?<!\w)@\w|_i_/.test(line))).toEqual([]);
    expect(
      outside.filter((line) => line.startsWith('## ')).filter((line) => line.includes('Finished')),
    ).toEqual([]);
    for (const table of markdown.split('\n\n').filter((one) => one.startsWith('| '))) {
      const widths = table.split('\n').map((line) => line.replace(/\\\|/g, '').split('|').length);
      expect([...new Set(widths)]).toHaveLength(1);
    }
  });

  test.each([
    ['HTML', html],
    ['Markdown', markdown],
  ])('drives no terminal: %s', (_, text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});

test('ordinary names stay readable in Markdown', () => {
  expect(escapedProse('node_1: Run pg_upgrade --link, 5 %')).toBe('node_1: Run pg_upgrade --link, 5 %');
  expect(escapedProse('tess@bastion')).toBe('tess@bastion');
  expect(inlineCode('a`b|c')).toBe('``a`b\\|c``');
  expect(inlineCode('')).toBe('–');
});
