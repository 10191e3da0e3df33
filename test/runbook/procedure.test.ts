import { expect, test } from 'vitest';
import { publishedGuide } from '../../source/runbook/guide.ts';
import { phases, type Step } from '../../source/runbook/language/step.ts';
import { undoWords } from '../../source/runbook/language/undo.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from './clusters.ts';
import { Model } from './model.ts';
import { worldAt } from './worlds.ts';

/** docs/procedure.md, what a DBA reviews: every step of the lab's cluster with its script. `npm run docs` writes it. */

interface Shown {
  readonly step: Step;
  readonly script: string;
}

const upgrade = (): readonly Shown[] => {
  const facts = labCluster();
  const model = new Model(facts);
  return upgradeRunbook(facts).map((step) => {
    const script = step.script(model.world());
    model.run(step.id);
    return { step, script: script.kind === 'ready' ? script.text : `# made when known: ${script.needs}` };
  });
};

const rollback = (moment: 'swapped' | 'finished'): readonly Shown[] => {
  const world = worldAt(moment, labCluster());
  return rollbackRunbook(labCluster(), world).steps.map((step) => {
    const script = step.script(world);
    return { step, script: script.kind === 'ready' ? script.text : `# made when known: ${script.needs}` };
  });
};

const list = (title: string, rows: readonly string[]): readonly string[] =>
  rows.length === 0 ? [] : [`${title}:`, '', ...rows.map((row) => `- ${row}`), ''];

const section = (name: string, { step, script }: Shown): string =>
  [
    `### ${name}`,
    '',
    `**${step.title}**, on ${step.host}, as ${step.as}. Danger: ${step.danger}; writes: ${step.writes}.`,
    '',
    step.reason,
    '',
    ...(step.guide.step === null ? [] : [`Guide: ${step.guide.step}.`, '']),
    ...(step.guide.deviation === undefined ? [] : [`Deviation: ${step.guide.deviation}`, '']),
    ...list(
      'Before',
      step.before.map((one) => one.text),
    ),
    '````sh',
    script.replace(/<<'RECORD'\n[\s\S]*?\nRECORD\n/, "<<'RECORD'\nTHE RECORD, as JSON\nRECORD\n").trimEnd(),
    '````',
    '',
    ...list(
      `After, within ${step.settleSeconds} s`,
      step.after.map((one) => one.text),
    ),
    `Undo: ${step.undo.kind === 'command' ? `\`${step.undo.command}\`` : undoWords(step.undo)}`,
    '',
  ].join('\n');

const contents = (prefix: string, steps: readonly Shown[]): readonly string[] =>
  steps.flatMap(({ step }, index) => {
    const name = `${prefix} ${index + 1}`;
    const phase = phases.find(({ id }) => id === step.phase);
    const begins = steps[index - 1]?.step.phase !== step.phase;
    return [
      ...(begins ? ['', `${step.phase} ${phase?.title ?? ''}: ${phase?.says ?? ''}`, ''] : []),
      `- [${name}](#${name.toLowerCase().replaceAll(' ', '-')}): ${step.host}, ${step.title}`,
    ];
  });

const document = (): string => {
  const parts = [
    ['Upgrade', 'Step', upgrade()],
    ['Rollback through the own directory, after the swap', 'Own directory', rollback('swapped')],
    ['Rollback through a fallback copy, after the window', 'Fallback copy', rollback('finished')],
  ] as const;
  return [
    '# The procedure, step by step',
    '',
    'Written by `npm run docs`; do not edit. One monitor, one primary and two secondaries, PostgreSQL 15 to 17, hard links on the primary, base backups on the',
    'secondaries: what runs, in its order, with the conditions before and after it and what undoes it. What may run at the same time, and why the order is this one:',
    `[the runbook](runbook.md). “Guide” is ${publishedGuide.name}: <${publishedGuide.url}>.`,
    'The scripts of a rollback are those for the moment at which it is shown; the console makes them anew from where the servers are.',
    '',
    '## Contents',
    ...parts.flatMap(([title, prefix, steps]) => ['', `**${title}**`, ...contents(prefix, steps)]),
    '',
    ...parts.flatMap(([title, prefix, steps]) => [
      `## ${title}`,
      '',
      ...steps.map((one, index) => section(`${prefix} ${index + 1}`, one)),
    ]),
  ].join('\n');
};

test('docs/procedure.md is what the runbook says: npm run docs', async () => {
  await expect(document()).toMatchFileSnapshot('../../docs/procedure.md');
});
