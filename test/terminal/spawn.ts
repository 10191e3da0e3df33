import { type IPty, spawn } from '@lydell/node-pty';

export interface ProgramOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Starts a program in a terminal of its own, as an operator would: what announces a build server or a pager is left out. */
export const inTerminal = ({ program, args, cwd, columns, rows, env }: ProgramOptions): IPty => {
  const { NO_COLOR: _noColour, CI: _ci, PAGER: _pager, LESS: _less, ...inherited } = process.env;
  const clean = Object.fromEntries(
    Object.entries(inherited).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return spawn(program, [...args], {
    cols: columns,
    rows,
    cwd,
    // NODE_ENV as the command line sets it: React is not part of a bundle.
    env: {
      ...clean,
      NODE_ENV: 'production',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      ...env,
    },
  });
};
