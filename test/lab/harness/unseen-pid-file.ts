import { withoutCandidates } from './configure.ts';
import type { Lab, LabHost } from './lab.ts';

/** Gives a node's pg_autoctl a /tmp of its own, and with it a pid file that nobody else sees. */
export const givePrivateTmp = (lab: Lab, host: LabHost): Promise<void> => {
  const { unit, pgdata } = lab.settings;
  return withoutCandidates(lab, () =>
    lab.root(
      host,
      `d=/etc/systemd/system/${unit}.service.d; mkdir -p $d; printf '[Service]\\nPrivateTmp=yes\\n' >$d/private.conf
       systemctl daemon-reload; systemctl restart ${unit}; rm -rf /tmp/pg_autoctl${pgdata}`,
    ),
  );
};

/**
 * Has the pg_autoctl of every host, none of which has a unit, started from a session that has XDG_RUNTIME_DIR: its pid file lies
 * there, and who asks later has no such variable.
 */
export const giveRuntimeDirectory = async (lab: Lab): Promise<void> => {
  const { pgdata, oldBin } = lab.settings;
  const again = (host: LabHost): Promise<string> =>
    lab.pg(
      host,
      `pid=$(head -n 1 /tmp/pg_autoctl${pgdata}/pg_autoctl.pid); kill -TERM $pid; while kill -0 $pid 2>/dev/null; do sleep 0.1; done
       export XDG_RUNTIME_DIR=~/runtime; mkdir -p -m 700 $XDG_RUNTIME_DIR
       setsid -f ${oldBin}/pg_autoctl run --pgdata ${pgdata} >>~/pg_autoctl.log 2>&1 </dev/null 10>&- 11>&-
       for i in $(seq 300); do [ -s $XDG_RUNTIME_DIR/pg_autoctl${pgdata}/pg_autoctl.pid ] && ${oldBin}/pg_isready -q -p ${lab.settings.port} && exit; sleep 0.1; done; exit 1`,
    );
  await withoutCandidates(lab, async () => {
    for (const host of lab.hosts) await again(host);
  });
};
