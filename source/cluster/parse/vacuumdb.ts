export interface AnalyzeProgress {
  /** 1 minimal, 2 medium, 3 full. */
  readonly stage: number;
  readonly stages: 3;
  readonly database: string;
}

const stages = ['minimal', 'medium', 'default (full)'];
const line =
  /^vacuumdb: processing database "(.{1,128})": Generating (minimal|medium|default \(full\)) optimizer statistics/;

/**
 * Reads one line of `vacuumdb --all --analyze-in-stages`; null when it announces no stage.
 * Source: PostgreSQL, src/bin/scripts/vacuumdb.c, stage_messages.
 */
export const parseAnalyzeLine = (text: string): AnalyzeProgress | null => {
  const [, database, stage] = line.exec(text) ?? [];
  return database === undefined || stage === undefined
    ? null
    : { stage: stages.indexOf(stage) + 1, stages: 3, database };
};

const announced = /^vacuumdb: (?:vacuuming|processing) database "(.{1,128})"/;

/**
 * The database that this line of `vacuumdb --all` says it begins with, whatever it does there; null for another line.
 * Source: PostgreSQL, src/bin/scripts/vacuumdb.c, vacuum_one_database.
 */
export const databaseBegun = (text: string): string | null => announced.exec(text)?.[1] ?? null;
