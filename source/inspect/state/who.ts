import { type HostFacts, isNode, nodenameOf } from '../../cluster/facts.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import { joinedText, linesOf, readFacts } from '../lines.ts';

/**
 * Whether a host that was inspected is the one that is meant: by the node's id in pg_autoctl's state file, its name and role
 * in pg_autoctl.cfg, and the machine that answered before. An address may lead elsewhere since (an alias, a changed DNS, a
 * machine that was exchanged), and what is true of one node must not be believed of another. What cannot be read, because a
 * rollback registers the node again, is not held against it. Null: it is the one; its machine is remembered in `machines`.
 */
export const strangerIn = (
  host: HostFacts,
  output: string,
  machines: Map<string, string>,
): Problem | null => {
  const answer = readFacts(output);
  const said = (key: string): string | null => joinedText(answer.get(key))?.split('\n')[0]?.trim() ?? null;
  const stranger = (what: string): Problem =>
    problem(
      `${host.alias}: ${what}; it is not inspected, and nothing is run there.`,
      `The address of ${host.alias} leads to another node or another machine: check nodes.${host.alias}.ssh.host, ~/.ssh/config and DNS, and start again.`,
    );
  const role = said('who.role');
  const meant = isNode(host) ? 'keeper' : 'monitor';
  if (role !== null && role !== meant)
    return stranger(`${host.configFile} there is a ${role}’s, and not a ${meant}’s`);
  const name = said('who.name');
  if (isNode(host) && name !== null && name !== nodenameOf(host))
    return stranger(`the host that answers is ${name.slice(0, 64)}`);
  const id = said('who.id');
  const was = linesOf(joinedText(answer.get('who.was'))).map((line) => line.trim());
  if (isNode(host) && id !== null && id !== String(host.nodeId) && !was.includes(String(host.nodeId)))
    return stranger(`the node that answers has the id ${id.slice(0, 20)}, and ${host.nodeId} is meant`);
  const machine = said('who.machine');
  const before = machines.get(host.alias);
  if (machine !== null && before !== undefined && machine !== before)
    return stranger('another machine answers than before (its /etc/machine-id is another)');
  if (machine !== null) machines.set(host.alias, machine);
  return null;
};
