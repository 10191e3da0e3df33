/**
 * The log of a dry run: sections, each with what a program printed, indented, and then how it ended. Nothing that
 * a program prints can begin a line of its own, so nothing in it can pass for an ending.
 */
export interface Section {
  readonly code: number;
  readonly ms: number;
  readonly lines: readonly string[];
}
export type Sections = ReadonlyMap<string, Section>;

const ending = /^== ([a-z][a-z0-9 -]{0,40}): exit (\d{1,3}), (\d{1,12}) ms$/;
const indent = '   ';
/** Lines kept of one section: the last ones hold the cause of a failure. */
const keptLines = 400;

/** Reads the log. A section whose ending did not come is not in it; the first one of a name counts. */
export const parseSections = (log: string): Sections => {
  const sections = new Map<string, Section>();
  let lines: string[] = [];
  for (const line of log.split('\n')) {
    const [, name, code, ms] = ending.exec(line) ?? [];
    if (name !== undefined) {
      if (!sections.has(name))
        sections.set(name, { code: Number(code), ms: Number(ms), lines: lines.slice(-keptLines) });
      lines = [];
    } else if (line.startsWith(indent)) lines.push(line.slice(indent.length));
  }
  return sections;
};

/** A dry run came to its end when it said so. */
export const isComplete = (sections: Sections): boolean => sections.get('end')?.code === 0;

/** Sections `restore 1`, `restore 2` …, in order. */
export const sectionsOf = (sections: Sections, kind: string): readonly Section[] =>
  [...sections].flatMap(([name, section]) => (name === kind || name.startsWith(`${kind} `) ? [section] : []));

/** What programs print beside the cause: of servers that they start and stop, the running one's pid file among them. */
const noise =
  /could not start server$|Examine the log output|stopped waiting|database system is shut down|lock file "postmaster\.pid" already exists|^waiting for server to|^\*?Failure, exiting|terminating connection due to administrator command|could not send data to client|skipping missing configuration file/;

/** The lines without noise, each once; all of them where nothing else is there. */
export const telling = (lines: readonly string[]): readonly string[] => {
  const all = [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ''))];
  const rest = all.filter((line) => !noise.test(line));
  return rest.length > 0 ? rest : all;
};

/** The lines that say what went wrong, or the last ones. */
export const errorLines = (section: Section, most = 4): string => {
  const lines = telling(section.lines);
  const errors = lines.filter((line) =>
    /error|fatal|could not|failed|missing|cannot|unrecognized|invalid|CONTEXT:/i.test(line),
  );
  const chosen = errors.length > 0 ? errors.slice(0, most) : lines.slice(-most);
  return chosen.join(' · ').slice(0, 600);
};
