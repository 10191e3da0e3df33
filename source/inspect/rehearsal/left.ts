import type { RehearsalLeft } from '../../cluster/checks/evidence.ts';
import type { ClusterFacts, NodeFacts } from '../../cluster/facts.ts';
import { type Fragment, sh } from '../../cluster/fragment.ts';
import { ownershipFunctions } from '../../runbook/shell/ownership.ts';
import { script } from '../../runbook/shell/shell.ts';
import { rehearsalRoot } from '../../runbook/steps/rehearsal/places.ts';

/**
 * Whether a rehearsal of this cluster has left its directory on a node's host, by its marker file, and a server that works in it. Read-only, as
 * postgres; where there is none, no program is started.
 */
export const rehearsalLeftScript = (facts: ClusterFacts, node: NodeFacts): Fragment =>
  script(sh`
    ${ownershipFunctions(facts)}
    root=${rehearsalRoot(node)}
    if kin "$root"; then
      echo left
      for dir in "$root"/data "$root"/data_pg*; do
        [ -s "$dir/postmaster.pid" ] || continue
        read -r pid <"$dir/postmaster.pid" || true
        case $pid in '' | *[!0-9]*) continue ;; esac
        [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || true)" != "$(readlink -f "$dir")" ] || echo server
      done
    fi
    echo end
  `);

/** What it has printed; null: nothing is left there, or it did not come to its end. */
export const parseRehearsalLeft = (node: NodeFacts, output: string): RehearsalLeft | null => {
  const said = output.trimEnd().split('\n');
  return said.at(-1) === 'end' && said.includes('left')
    ? { host: node.alias, directory: rehearsalRoot(node), server: said.includes('server') }
    : null;
};
