import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostsOf } from '../cluster/facts.ts';
import { messageOf, type Problem, problem } from '../cluster/result.ts';
import { connector } from '../discover/connector.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { connect } from '../remote/connect.ts';
import { planBrief } from '../reports/plan/brief.ts';
import { makePlan } from '../reports/plan/make.ts';
import { planMarkdown } from '../reports/plan/markdown.ts';
import { planShell } from '../reports/plan/shell.ts';
import { inspectForPlan } from '../usecases/plan-input/inspect-for-plan.ts';
import { terminalAsk } from './asking.ts';
import { readConfig, withWindowEnd } from './read-config.ts';
import { print, sayDoing, sayProblems } from './say.ts';

export const planFormats = ['markdown', 'shell', 'json'] as const;
export type PlanFormat = (typeof planFormats)[number];

export interface PlanArguments {
  readonly file: string;
  /** Null: Markdown to standard output, everything into a directory. */
  readonly format: PlanFormat | null;
  /** The directory that the files go to; null: standard output. */
  readonly out: string | null;
  /** Two pages instead of every script; Markdown alone. */
  readonly brief: boolean;
  /** When the window ends, instead of what the cluster file says. */
  readonly end?: string;
}

interface Paper {
  readonly format: PlanFormat;
  readonly name: string;
  readonly text: string;
}

/** The hosts' names on the monitor, as names of files; no two the same. */
const fileNames = (hosts: readonly string[]): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const host of hosts) {
    const plain = host.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^[.-]/, '_');
    let name = plain;
    for (let count = 2; taken.has(name); count++) name = `${plain}_${count}`;
    taken.add(name);
    names.set(host, `${name}.sh`);
  }
  return names;
};

/** `pgaf-upgrade plan`: the whole runbook for this cluster on paper. Reads only. 0 written, 2 not. */
export const plan = async ({ file, format, out, brief, end }: PlanArguments): Promise<number> => {
  const couldNot = (...problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    return 2;
  };
  if (format === 'shell' && out === null)
    return couldNot(problem('There is a script for each host.', 'Name a directory for them: `--out DIR`.'));
  if (brief && format !== null && format !== 'markdown')
    return couldNot(
      problem(`\`plan --brief\` is Markdown, not ${format}.`, 'Leave --format out, or leave --brief out.'),
    );
  const read = readConfig(file, 'plan');
  if (!read.ok) return couldNot(...read.error);
  const config = withWindowEnd(read.value, end);
  if (!config.ok) return couldNot(config.error);
  const asking = terminalAsk();
  const reach = connector(config.value, connect, asking.ask, sayDoing);
  const input = await inspectForPlan(config.value, reach, sayDoing, stateHome(process.env));
  asking.close();
  if (!input.ok) return couldNot(input.error);
  const { facts } = input.value;
  const made = makePlan({
    ...input.value,
    madeAt: new Date().toISOString(),
    windowEnd: config.value.window.end ?? null,
  });
  const aliases = [...hostsOf(facts), ...facts.others, ...facts.outside].map((host) => host.alias);
  const names = fileNames(aliases);
  const briefly: Paper = { format: 'markdown', name: 'plan-brief.md', text: planBrief(made) };
  const whole: readonly Paper[] = [
    { format: 'markdown', name: 'plan.md', text: planMarkdown(made) },
    ...aliases.map(
      (alias): Paper => ({
        format: 'shell',
        name: names.get(alias) ?? `${alias}.sh`,
        text: planShell(made, facts, alias),
      }),
    ),
    { format: 'json', name: 'plan.json', text: `${JSON.stringify(made, null, 2)}\n` },
  ];
  const papers = brief ? [briefly] : whole;
  if (out === null) {
    const asked = papers.find((paper) => paper.format === (format ?? 'markdown'));
    print(asked?.text ?? '', asked?.format === 'json' ? 'json' : 'text');
    return 0;
  }
  const wanted = papers.filter((paper) => format === null || paper.format === format);
  try {
    mkdirSync(out, { recursive: true });
    for (const { name, text } of wanted) writeFileSync(join(out, name), text);
  } catch (thrown) {
    return couldNot(
      problem(`The plan was not written to ${out}.`, 'Name another directory.', messageOf(thrown)),
    );
  }
  print(`${wanted.map(({ name }) => join(out, name)).join('\n')}\n`);
  return 0;
};
