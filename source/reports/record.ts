/** The record of the cluster as a script holds it, in a here-document. Source: runbook/phases/prepare.ts. */
const record = /(<<'RECORD'\n)([\s\S]*?)(?=\nRECORD\n)/;

export const holdsRecord = (script: string): boolean => record.test(script);

/** The script with a word in the record's place: on paper one of them is enough. */
export const withoutRecord = (script: string, instead: string): string =>
  script.replace(record, (_, start: string) => `${start}(${instead})`);
