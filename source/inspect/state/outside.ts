import type { ClusterFacts } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { outsideMarks } from '../../runbook/steps/custom-place.ts';
import { joiner } from '../lines.ts';

/** What a place outside the cluster is asked: which marker files of custom steps lie in the home of whoever runs this. In the form of script.sh. */
export const outsideScript = (facts: ClusterFacts): Fragment => sh`
  set -u; export LC_ALL=C
  found=
  if cd ${outsideMarks(facts)} 2>/dev/null; then
    for f in *; do if [ -s "$f" ]; then found=$found$f${quoted(joiner)}; fi; done
  fi
  printf '%s\t%s\n' markers "$found" end yes
`;
