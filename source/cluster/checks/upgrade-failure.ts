import { errorLines, type Section, telling } from './sections.ts';

/** In lines: what is shown of one of pg_upgrade's files. */
const shownLines = 12;

/** `20261126T1930/tables_using_reg.txt:`, as the dry run prints the name of a file before what is in it. */
const heading = /^(\S+\.(?:txt|log)):$/;

/** Its reference to a file, which is gone with the throwaway and whose content follows. */
const toFile = /^(?:A list of .* is in the file:|.*consult the last few lines of.*|\/\S+\.(?:txt|log))$/;

/**
 * Why pg_upgrade --check refused: its own words, then what its files list, which are gone when somebody would read them. Where it
 * gave no reason of its own, the errors in its logs. Source: PostgreSQL, src/bin/pg_upgrade/check.c.
 */
export const upgradeFailure = (section: Section): string => {
  const { lines } = section;
  const firstFile = lines.findIndex((line) => heading.test(line.trim()));
  const printed = firstFile < 0 ? lines : lines.slice(0, firstFile);
  const failed = printed.findIndex((line) => /\bfatal$/.test(line.trim()));
  const words = failed < 0 ? [] : telling(printed.slice(failed + 1)).filter((line) => !toFile.test(line));
  if (words.length === 0) return errorLines(section, 6);
  const listed: string[] = [];
  let inList = false;
  for (const line of firstFile < 0 ? [] : lines.slice(firstFile)) {
    const [, file] = heading.exec(line.trim()) ?? [];
    if (file === undefined) {
      if (inList) listed.push(line);
    } else inList = file.endsWith('.txt');
  }
  const list = listed.length === 0 ? [] : telling(listed).slice(0, shownLines);
  return [words.join(' '), ...list].join(' · ');
};
