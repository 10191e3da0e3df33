import { type ClusterFacts, linkedOf, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh } from '../../../cluster/fragment.ts';
import type { Observations } from '../../../cluster/observations.ts';
import * as words from '../../../cluster/words.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { isPastStop, isSwapped } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { ready, type Script } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { allowLines, forgetLines } from './authorized-keys.ts';
import { type Guest, guestOf, hasLine, hasLinkDir, isLetInUnasked, transferOf } from './guest.ts';
import { keyComment, keyMark, linkDir, onlyProgram, readBy, trialFile } from './names.ts';

/** Runs one of the commands, written out, and nothing that came over the line. */
const onlyProgramLines = (primary: NodeFacts, node: NodeFacts, guest: Guest): Fragment =>
  hereDocument(
    sh`cat > ${onlyProgram(primary, node)}`,
    'ONLY',
    sh`
      #!/bin/sh
      # what the key of ${node.alias} may run; sshd passes what was asked for
      ${guest.commands.flatMap(({ line, runs }) => [
        sh`if [ "$SSH_ORIGINAL_COMMAND" = ${quoted(line)} ]; then`,
        sh`  exec ${runs}`,
        sh`fi`,
      ])}
      echo 'this key is for one transfer and nothing else' >&2
      exit 1
    `,
  );

/**
 * Where the node may come from: as the primary's server sees it, and by the address that the monitor has of it. With addresses of both
 * families it may stream by one, and come over ssh by the other.
 */
const comesFrom = (node: NodeFacts, { address }: Guest): string =>
  [...new Set([address, ...(words.address.safeParse(node.hostname).success ? [node.hostname] : [])])].join(
    ',',
  );

const letInScript = (facts: ClusterFacts, world: Observations): Script => {
  const primary = primaryOf(facts);
  const keys: string[] = [];
  const programs: Fragment[] = [];
  for (const node of linkedOf(facts)) {
    const guest = guestOf(facts, node, world);
    if (guest === null)
      return {
        kind: 'unresolved',
        needs: `the key of ${node.alias}, and its address while it streams from ${primary.alias}`,
      };
    const program = sh`sh ${onlyProgram(primary, node)}`.text.replaceAll('"', '\\"');
    programs.push(onlyProgramLines(primary, node, guest));
    keys.push(
      `restrict,from="${comesFrom(node, guest)}",command="${program}" ${guest.publicKey} ${keyComment(primary, node)}`,
    );
  }
  return ready(
    script(sh`
      umask 077
      mkdir -p ${linkDir(primary)}
      echo reached > ${trialFile(primary)}
      ${programs}
      ${forgetLines(primary)}
      ${allowLines(primary, keys)}
    `),
  );
};

export const authorizeTransferKeys: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const nodes = linkedOf(facts);
  const names = nodes.map((node) => node.alias).join(', ');
  const program = `rsync --server --sender … ${readBy(facts).slice(0, -1).flat().join(' ')}`;
  return makeStep(facts, {
    id: 'link-let-in',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Authorize transfer keys',
    reason: `Each key may be used from its own host only, and runs this alone: ${program}. The lines that are there stay as they are.`,
    guide: null,
    danger: 'changes',
    script: (world) => letInScript(facts, world),
    probe: (world) => {
      if (nodes.every((node) => isPastStop(facts, node, world)))
        return done('the hosts were stopped already');
      const missing = nodes.find((node) => !hasLine(facts, node, world));
      if (missing !== undefined) return pending(`${missing.alias} is not authorized`);
      return isLetInUnasked(facts, world)
        ? half('a node that does not need it is authorized, too')
        : done('they are authorized');
    },
    after: [
      onHost(primary.alias, `authorized_keys has a line for the key of ${names}`, (_, world) =>
        verdictOf(
          nodes.every((node) => hasLine(facts, node, world)),
          'one is missing',
        ),
      ),
    ],
    undo: undoText(`take the lines with ${keyMark(primary)}… out of ~/.ssh/authorized_keys`),
  });
};

/** Nobody is let in any more. `phase`: H once the data is there, V in a rollback, B where nobody asks for it by now. */
export const revokeTransferKeys: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const none = (world: Observations): boolean => transferOf(world, primary.alias)?.authorized.length === 0;
  const passed = (world: Observations): boolean =>
    phase !== 'H' ||
    linkedOf(facts).every((node) => isPastStop(facts, node, world)) ||
    isSwapped(facts, primary, world);
  return makeStep(facts, {
    id: 'link-forget',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Revoke transfer keys',
    reason: 'They were made for this run. The other lines of authorized_keys stay, byte for byte.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      ${forgetLines(primary)}
      rm -rf ${linkDir(primary)}
    `),
    probe: (world) =>
      !none(world) || !passed(world)
        ? pending('they are still authorized')
        : hasLinkDir(primary, world)
          ? half(`none is authorized, and ${linkDir(primary)} is left over`)
          : done('none is authorized'),
    after: [
      onHost(primary.alias, 'no key of this run is authorized, and no file of it is left', (_, world) =>
        verdictOf(
          none(world) && !hasLinkDir(primary, world),
          none(world) ? `${linkDir(primary)} is there` : 'one is',
        ),
      ),
    ],
    undo: nothingToUndo,
  });
};
