import type { OtherNode } from '../../cluster/facts.ts';
import { type ClusterFacts, hostsOf } from '../../cluster/facts.ts';
import { type Fragment, sh } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';
import type { Alias } from '../../cluster/words.ts';
import type { Step } from '../language/step.ts';
import { helperPath, type RootHost, verbLines } from './root-verbs.ts';

/** Every host on which something is done as root, by its alias. */
export const rootHosts = (facts: ClusterFacts): readonly (RootHost & { readonly alias: Alias })[] =>
  [...hostsOf(facts), ...facts.others.map((node) => ({ ...otherRootHost(node), alias: node.alias }))].filter(
    (host) => verbLines(facts, host).size > 0,
  );

/** A line that ends what the helper is at, for a step that calls one; elsewhere the job's own mark tells what to end. */
export const endRootLines = (facts: ClusterFacts, step: Step): Fragment | false => {
  if (step.as !== theLogin) return false;
  const host = rootHosts(facts).find((one) => one.alias === step.host);
  return host !== undefined && sh`sudo -n ${helperPath(host)} end || true`;
};

/** What of such a node root's verbs are made of. */
export const otherRootHost = (node: OtherNode): RootHost => ({
  service: node.service,
  oldAutoctl: node.oldAutoctl,
  newAutoctl: node.newAutoctl,
  tablespaces: [],
  data: null,
});
