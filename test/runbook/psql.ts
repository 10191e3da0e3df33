import type { PGlite } from '@electric-sql/pglite';

/** What a step writes into a file of SQL, as psql would get it: the here-document of that end mark, the first that has the text. */
export const handedSql = (script: string, has: string): string => {
  const found = [...script.matchAll(/<<'(END-OF-SQL)'\n([\s\S]*?)\n\1(?:\n|$)/g)].map(
    ([, , body]) => body ?? '',
  );
  const sql = found.find((one) => one.includes(has));
  if (sql === undefined) throw new Error(`no SQL with ${has}`);
  return sql;
};

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As psql runs a script, as far as those of the online method go: variables, \gset, \gexec, \g, \if. It stops at the first error, or, as they ask for, goes on. */
export const psql = async (
  server: PGlite,
  text: string,
  given: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const variables = new Map(Object.entries(given));
  const skips: boolean[] = [];
  let [stops, body, statement] = [true, false, ''];
  const filled = (sql: string): string =>
    sql
      .replaceAll(/:'(\w+)'/g, (_, name: string) => literal(variables.get(name) ?? ''))
      .replaceAll(/(?<![:\w]):(\w+)/g, (whole: string, name: string) => variables.get(name) ?? whole);
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (stops) throw thrown;
    }
  };
  const rowsOf = async (sql: string) => {
    const { rows, fields } = await server.query<unknown[]>(sql, [], {
      rowMode: 'array',
      // as psql prints it, and not as a Date
      parsers: { 1184: (text) => text },
    });
    return {
      names: fields.map(({ name }) => name),
      rows: rows.map((row) => row.map((cell) => String(cell ?? ''))),
    };
  };
  for (const line of text.split('\n')) {
    const [, meta, rest = ''] = (statement === '' && /^\\(\w+) ?(.*)$/.exec(line)) || [];
    if (meta === 'if') skips.push(!['t', 'true', 'on'].includes(filled(rest)));
    if (meta === 'else') skips.push(!(skips.pop() ?? false));
    if (meta === 'endif') skips.pop();
    if (meta !== undefined) {
      const [, name = '', value = ''] = /^(\w+) (.*)$/.exec(rest) ?? [];
      if (meta === 'set' && !skips.includes(true)) variables.set(name, value);
      if (meta === 'set' && name === 'ON_ERROR_STOP') stops = value === 'on';
      continue;
    }
    if (skips.includes(true)) continue;
    statement += `${line}\n`;
    if ((line.split('$body$').length - 1) % 2 === 1) body = !body;
    if (body) continue;
    const [, end, prefix = ''] = /\\(gexec|gset|g)(?: (\w+|\/dev\/null))?\s*$/.exec(line) ?? [];
    if (end === undefined && !/;\s*$/.test(line)) continue;
    const sql = filled(statement.replace(/\\(?:gexec|gset|g)(?: \S+)?\s*$/, ''));
    statement = '';
    await guarded(async () => {
      if (end === undefined || end === 'g') return server.exec(sql);
      const { names, rows } = await rowsOf(sql);
      if (end === 'gset')
        for (const [at, name] of names.entries()) variables.set(`${prefix}${name}`, rows[0]?.[at] ?? '');
      else for (const cell of rows.flat()) await guarded(() => server.exec(cell));
      return null;
    });
  }
};
