const shown = /(^|;)(\s*)show\s+(server_version|server_version_num|shared_preload_libraries)\s*(?=;|$)/gi;
const updated = /(^|;)(\s*)alter\s+extension\s+"?pgautofailover"?\s+update(\s+to\s+[^\s;]+)?\s*(?=;|$)/gi;

/**
 * The few statements that no object in a schema can answer for another server: SHOW reads past every function, and
 * the extension that ALTER EXTENSION would update is none of PGlite's. Each becomes a statement that can.
 */
export const translate = (statements: string): string =>
  statements
    .replace(shown, (_, before: string, space: string, name: string) => {
      const setting = name.toLowerCase();
      return `${before}${space}select current_setting('${setting}') as ${setting}`;
    })
    .replace(updated, '$1$2update demo.extension set installed = available');
