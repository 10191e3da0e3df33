/** What a bench tells the console that it starts, in one variable of the environment. */
export interface FloodSettings {
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly knownHosts: string;
  /** What the host runs once the step is confirmed. */
  readonly script: string;
  readonly jobId: string;
  /** The run's directory: the spool file is in `output/` below it. */
  readonly spool: string;
  /** So many steps are done: from 24 on the clock of the downtime runs. */
  readonly done: number;
  /** What came of the job is written here, as JSON. */
  readonly result: string;
}

export const variable = 'PGAF_BENCH';

/** Read by the console; it was written by a bench of the same build. */
export const settings = (): FloodSettings => JSON.parse(process.env[variable] ?? '{}');
