import { type Lab, type LabHost, quote } from './lab.ts';

/** A PostgreSQL 17 that somebody else keeps on a host, with rows in database postgres, where no database tells of them. */
export interface Foreign {
  readonly host: LabHost;
  readonly data: string;
  readonly port: number;
  readonly runs: boolean;
}

const ctl = (lab: Lab, { data, port }: Foreign, verb: string): string =>
  `${lab.settings.newBin}/pg_ctl -D ${quote(data)} -w -t 60 -l /tmp/foreign.log -o '-p ${port} -k /tmp -h ""' ${verb} </dev/null >/dev/null 2>&1 10>&- 11>&-`;

export const plant = async (lab: Lab, foreign: Foreign): Promise<void> => {
  await lab.pg(
    foreign.host,
    `set -e; mkdir -p ${quote(foreign.data)}
     ${lab.settings.newBin}/initdb -D ${quote(foreign.data)} -A trust -N >/dev/null
     ${ctl(lab, foreign, 'start')}
     psql -X -q -h /tmp -p ${foreign.port} -d postgres -c 'create table theirs as select generate_series(1, 1000) as id'
     ${foreign.runs ? 'true' : ctl(lab, foreign, 'stop')}`,
  );
};

/** What its owner sees: whether it runs, since when, every file of the directory that holds a table, and its rows. */
export const stateOf = async (lab: Lab, foreign: Foreign): Promise<string> =>
  lab.pg(
    foreign.host,
    `cd ${quote(foreign.data)}
     ls -di .; ls -A | grep -v postmaster.opts | sort; ${lab.settings.newBin}/pg_controldata -D . | grep -E 'system identifier|cluster state'
     head -n 1 postmaster.pid 2>/dev/null || echo stopped
     ${foreign.runs ? `psql -X -At -h /tmp -p ${foreign.port} -d postgres -c 'select count(*), sum(id) from theirs'` : `find base -type f | sort | xargs cksum`}`,
  );
