const shown = /^\s*show\s+(server_version|server_version_num|shared_preload_libraries)\s*;?\s*$/i;
const updated = /^\s*alter\s+extension\s+"?pgautofailover"?\s+update(\s+to\s+\S+)?\s*;?\s*$/i;

/**
 * The few statements that no object in a schema can answer for another server: SHOW reads past every function, and
 * the extension that ALTER EXTENSION would update is none of PGlite's.
 */
export const translate = (statement: string): string => {
  const setting = shown.exec(statement)?.[1]?.toLowerCase();
  if (setting !== undefined) return `select current_setting('${setting}') as ${setting}`;
  return updated.test(statement) ? 'update demo.extension set installed = available' : statement;
};
