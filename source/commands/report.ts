import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { messageOf, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { findRun, isRunDirectory, outputTail, readRun } from '../engine/journal/read-run.ts';
import { makeBriefReport } from '../reports/report/brief.ts';
import { makeReport } from '../reports/report/report.ts';
import { toHtml } from '../reports/to-html.ts';
import { toMarkdown } from '../reports/to-markdown.ts';
import { readConfig } from './read-config.ts';
import { print, sayProblems } from './say.ts';

export const reportFormats = ['markdown', 'html'] as const;
export type ReportFormat = (typeof reportFormats)[number];

export interface ReportArguments {
  /** A cluster file, or the directory of a run. */
  readonly of: string;
  /** Null: as the file's name says, else Markdown. */
  readonly format: ReportFormat | null;
  /** The file; null: standard output. */
  readonly out: string | null;
  /** Null: the latest run. */
  readonly run: string | null;
  /** Two pages instead of every command. */
  readonly brief: boolean;
}

const directoryOf = (of: string, run: string | null): Result<string, readonly Problem[]> => {
  if (isRunDirectory(of)) return ok(of);
  const config = readConfig(of, 'report');
  if (!config.ok) return config;
  const found = findRun(stateHome(process.env), config.value.name, run);
  return found.ok ? found : { ok: false, error: [found.error] };
};

/** `pgaf-upgrade report`: the change-ticket report of a run, from its journal; no connection. 0 written, 2 not. */
export const report = async ({ of, format, out, run, brief }: ReportArguments): Promise<number> => {
  const couldNot = (...problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    return 2;
  };
  if (format === null && out !== null && !/^(|\.md|\.markdown|\.txt|\.html?)$/i.test(extname(out)))
    return couldNot(
      problem(
        `A report is Markdown or HTML, and ${out} is named as neither.`,
        'Name it .md or .html, or say what it is to be: `--format markdown` or `--format html`.',
      ),
    );
  const directory = directoryOf(of, run);
  if (!directory.ok) return couldNot(...directory.error);
  const kept = readRun(directory.value);
  if (!kept.ok) return couldNot(kept.error);
  const made = (brief ? makeBriefReport : makeReport)({
    ...kept.value,
    tail: (step, from, to) => outputTail(kept.value.directory, step, from, to),
    now: Date.now(),
  });
  const asked = format ?? (out !== null && /\.html?$/i.test(out) ? 'html' : 'markdown');
  const text = asked === 'html' ? toHtml(made.title, made.blocks) : toMarkdown(made.blocks);
  if (out === null) {
    print(text);
    return 0;
  }
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text);
  } catch (thrown) {
    return couldNot(
      problem(`The report was not written to ${out}.`, 'Name another file.', messageOf(thrown)),
    );
  }
  print(`${out}\n`);
  return 0;
};
