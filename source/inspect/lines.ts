import { fail, ok, problem, type Result } from '../cluster/result.ts';

/**
 * The form in which our scripts answer: one fact a line, a key, a tab and a value. The first of a key counts, so
 * that nothing printed later can replace it.
 */
export const readFacts = (output: string): ReadonlyMap<string, string> => {
  const map = new Map<string, string>();
  for (const line of output.split('\n')) {
    const tab = line.indexOf('\t');
    if (tab <= 0) continue;
    const key = line.slice(0, tab);
    if (!map.has(key)) map.set(key, line.slice(tab + 1));
  }
  return map;
};

/** An answer whole: one without its end mark is a problem, not half a truth. `what` ended early, and `remedy` helps. */
export const readWhole = (
  output: string,
  what: string,
  remedy: string,
): Result<ReadonlyMap<string, string>> => {
  const map = readFacts(output);
  return map.get('end') === 'yes'
    ? ok(map)
    : fail(problem(`${what} ended early.`, remedy, `it printed ${output.length} characters and no end mark`));
};

/**
 * Joins the lines of a text in the answer to an inspection: a control character (RS) that the script takes out of every text, so
 * that no text can be told apart into more lines than it has.
 */
export const joiner = '\u001e';

/** A text whose lines were joined; null where it is absent or empty. */
export const joinedText = (value: string | undefined): string | null =>
  value === undefined || value === '' ? null : value.replaceAll(joiner, '\n');

/** Free text that travels as base64, as the scripts send it that run seldom; null where it is absent or empty. */
export const decodeText = (value: string | undefined): string | null =>
  value === undefined || value === '' ? null : Buffer.from(value, 'base64').toString('utf8');

export const linesOf = (text: string | null): readonly string[] =>
  (text ?? '').split('\n').filter((line) => line !== '');

/** JSON from a host; undefined where it is none. */
export const decodeJson = (text: string | null): unknown => {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
};
