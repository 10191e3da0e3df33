import { existsSync, readFileSync } from 'node:fs';
import { problem } from '../cluster/result.ts';
import { pagerIn } from './pager.ts';
import { print, sayProblems } from './say.ts';
import { columnsOfTerminal } from './terminal.ts';

/** The documentation that comes with the program: pages of Markdown, beside it or within it. */
export const docPages: Readonly<Record<string, string>> = {
  checks: 'every check, and what people have',
  citus: 'formations of several groups',
  comparison: 'compared with other ways',
  config: 'the cluster file, key by key',
  console: 'the screen, keys, the end of the window, a second person',
  'custom-steps': 'steps of your own in the window',
  demo: 'the demo and its scenarios',
  durability: 'what survives a lost laptop, connection or host',
  events: 'events for other programs, and the journal',
  faq: 'questions',
  files: 'files and exit codes',
  glossary: 'the words',
  guide: 'the published guide, and where this differs',
  online: 'the online method: seconds without writes, a rollback that loses nothing',
  plan: 'the runbook on paper',
  procedure: 'the procedure, step by step',
  recipes: 'custom steps ready to use',
  rehearse: 'the window on a copy of the cluster, days before',
  report: 'the change-ticket report',
  runbook: 'what the upgrade does to a cluster',
  'ssh-and-sudo': 'SSH, sudo and the helper',
  troubleshooting: 'what to do when',
};

/** Asset of the single-file executable (scripts/executable.mjs). */
const asset = async (name: string): Promise<string | null> => {
  try {
    const sea = await import('node:sea');
    return sea.isSea() ? sea.getAsset(name, 'utf8') : null;
  } catch {
    // A node without it, or an executable without this page.
    return null;
  }
};

const textOf = async (page: string): Promise<string | null> => {
  const within = await asset(`docs/${page}.md`);
  if (within !== null) return within;
  // dist/ in a package, source/commands/ in a checkout.
  for (const directory of ['../docs/', '../../docs/']) {
    const file = URL.canParse(directory, import.meta.url)
      ? new URL(`${directory}${page}.md`, import.meta.url)
      : null;
    if (file !== null && existsSync(file)) return readFileSync(file, 'utf8');
  }
  return null;
};

const index = (): string => {
  const width = Math.max(...Object.keys(docPages).map(({ length }) => length)) + 2;
  return `${Object.entries(docPages)
    .map(([page, says]) => `${page.padEnd(width)}${says}`)
    .join('\n')}\n`;
};

async function* linesOf(text: string): AsyncIterable<readonly string[]> {
  yield text.trimEnd().split('\n');
}

/** `pgaf-upgrade docs [PAGE]`: the pages there are, or one of them, in the pager where there is a terminal. 0; 2 where there is none of that name. */
export const docs = async (page: string | undefined): Promise<number> => {
  if (page === undefined) {
    print(index());
    return 0;
  }
  const name = page.replace(/^docs\//, '').replace(/\.md$/, '');
  const text = Object.hasOwn(docPages, name) ? await textOf(name) : null;
  if (text === null) {
    sayProblems([
      problem(
        `There is no page “${page}” here.`,
        Object.hasOwn(docPages, name)
          ? 'The package has been installed without its docs: install it anew.'
          : `Name one of ${Object.keys(docPages).join(', ')}.`,
      ),
    ]);
    return 2;
  }
  if (columnsOfTerminal() === null) {
    print(text);
    return 0;
  }
  const trouble = await pagerIn(process.env)(linesOf(text), {
    title: `pgaf-upgrade docs ${name}`,
    needle: '',
    signal: new AbortController().signal,
  });
  if (trouble !== null) print(text);
  return 0;
};
