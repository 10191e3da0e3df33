import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Entry, parseJournal, type Recorded } from '../../source/engine/journal/entry.ts';
import { type Block, inlines, type Prose } from '../../source/reports/document.ts';
import { makeReport, type Report, type ReportGround } from '../../source/reports/report/report.ts';

// Papers have the local time of whoever makes them: the snapshots are made in UTC.
process.env.TZ = 'UTC';

const recorded = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, `../../fixtures/recorded/journal/${name}.ndjson`), 'utf8');

/** Runs of the lab’s cluster, confirmed by --yes: fixtures/recorded/README.md. */
export const recordedJournal = recorded('upgrade-15.20-17.12');
export const recordedRollback = recorded('rollback-17.12-15.20');

export const groundOf = (
  records: readonly Recorded[],
  tail: ReportGround['tail'] = () => ['the last line'],
): ReportGround => ({
  records,
  run: '20261125T033312Z-0000',
  directory: '/home/tess/.local/state/pgaf-upgrade/payments/20261125T033312Z-0000',
  others: [],
  sessions: [],
  tail,
  now: Date.parse('2026-11-25T06:00:00Z'),
});

export const reportOf = (records: readonly Recorded[], tail?: ReportGround['tail']): Report =>
  makeReport(groundOf(records, tail));

export const recordedReport = (): Report => reportOf(parseJournal(recordedJournal));

/** Entries at one a second. */
export const told = (entries: readonly Entry[], from = '2026-11-25T22:00:00Z'): readonly Recorded[] =>
  entries.map((entry, index) => ({ at: new Date(Date.parse(from) + index * 1000).toISOString(), entry }));

const said = (text: Prose): string =>
  inlines(text)
    .map((one) => (typeof one === 'string' ? one : one.text))
    .join('');

const lines = (block: Block): readonly string[] => {
  switch (block.kind) {
    case 'heading':
      return [block.text];
    case 'paragraph':
      return [said(block.text)];
    case 'list':
      return block.items.map(said);
    case 'table':
      return [block.head, ...block.rows].map((row) => row.map(said).join(' | '));
    case 'code':
      return block.text.split('\n');
    case 'fold':
      return [block.summary, ...block.blocks.flatMap(lines)];
    case 'chart':
      return block.lanes.flatMap((lane) => [
        lane.name,
        ...lane.bars.map((bar) => `${bar.tone}: ${bar.says}`),
      ]);
  }
};

/** What the report says under a heading of the second level, line by line. */
export const section = (report: Report, title: string): readonly string[] => {
  const from = report.blocks.findIndex(
    (one) => one.kind === 'heading' && one.level === 2 && one.text === title,
  );
  if (from < 0) throw new Error(`no section ${title}`);
  const rest = report.blocks.slice(from + 1);
  const to = rest.findIndex((one) => one.kind === 'heading' && one.level === 2);
  return rest.slice(0, to < 0 ? undefined : to).flatMap(lines);
};

export const outcome = (report: Report): string => {
  const [, first] = report.blocks;
  return first === undefined ? '' : lines(first).join('');
};

/** The report with the first commands only: the others read alike. */
export const shortened = ({ title, blocks }: Report): Report => {
  const commands = blocks.findIndex((one) => one.kind === 'heading' && one.text === 'Commands');
  return {
    title,
    blocks: blocks.filter(
      (one, index) => index < commands + 1 || one.kind !== 'fold' || /^(2|23) · /.test(one.summary),
    ),
  };
};
