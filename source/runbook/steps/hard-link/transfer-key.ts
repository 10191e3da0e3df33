import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, sh, word } from '../../../cluster/fragment.ts';
import type { Observations } from '../../../cluster/observations.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { isPastStop } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { ready, type Script } from '../../language/step.ts';
import { nothingToUndo, undoneBy } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { hasLine, keyOf, transferIsReady, transferOf } from './guest.ts';
import { keyComment, linkDir } from './names.ts';
import { plainEnvironment, transferCommands, trialCommand } from './rsync.ts';

const reach = (primary: NodeFacts): Fragment =>
  hereDocument(
    sh`cat > via`,
    'VIA',
    sh`
      #!/bin/sh
      # how the transfer reaches ${primary.hostname}: by this key alone, and only if its host key is the known one
      exec ssh -F none -i ./key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o StrictHostKeyChecking=yes \
        -o UserKnownHostsFile=./known_hosts -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=primary \
        -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 \
        -o ${word`HostName=${primary.hostname}`} -o Port=${primary.sshPort} "$@"
    `,
  );

export const makeTransferKey =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    return makeStep(facts, {
      id: 'link-key',
      phase,
      host: node,
      as: 'postgres',
      title: 'Create transfer key',
      reason:
        'It is made for this run, opens one rsync and nothing else, and is removed once the data is there. rsync tells a program that only listens which command it would have run.',
      guide: null,
      deviation:
        'The guide copies every secondary anew; by hard links the data that is there already is kept.',
      danger: 'changes',
      script: script(sh`
        umask 077
        mkdir -p ${linkDir(node)} && cd ${linkDir(node)}
        ${plainEnvironment}
        rm -f key key.pub rehearsal known_hosts lines
        ssh-keygen -q -t ed25519 -N '' -C ${keyComment(primary, node)} -f key
        ${reach(primary)}
        chmod 700 via
        # takes the place of ssh: writes down what would run on the other host, and connects to nothing
        cat > tell <<'TELL'
        #!/bin/sh
        shift
        printf "%s\n" "$*" >> lines.new
        exit 1
        TELL
        chmod 700 tell; rm -f lines.new
        ${transferCommands(facts, node, sh`./tell`).map((one) => sh`${one} >/dev/null 2>&1 || true`)}
        ${trialCommand(primary, sh`./tell`)} >/dev/null 2>&1 || true
        rm -f tell; mv lines.new lines
        ssh-keygen -l -f key.pub; cat lines
      `),
      probe: (world) => {
        if (isPastStop(facts, node, world)) return done('the host was stopped already');
        const seen = transferOf(world, node.alias);
        if (keyOf(facts, node, world) !== null) return done('it is there');
        return seen?.publicKey == null
          ? pending('there is none')
          : half('the commands that go with it are not there');
      },
      after: [
        onHost(node.alias, 'the key is there, and rsync asks for these files and nothing else', (_, world) =>
          verdictOf(
            keyOf(facts, node, world) !== null,
            `it asks for ${transferOf(world, node.alias)?.lines.join(' and ') || 'nothing'} (paths with blanks need rsync 3.2.4)`,
          ),
        ),
      ],
      undo: undoneBy(sh`rm -r ${linkDir(node)}`),
    });
  };

const trialScript = (facts: ClusterFacts, node: NodeFacts, world: Observations): Script => {
  const primary = primaryOf(facts);
  const hostKeys = transferOf(world, primary.alias)?.hostKeys ?? [];
  if (hostKeys.length === 0)
    return { kind: 'unresolved', needs: `the keys of ${primary.alias}’s sshd, /etc/ssh/ssh_host_*_key.pub` };
  return ready(
    script(sh`
      umask 077
      cd ${linkDir(node)}
      ${plainEnvironment}
      # ${primary.alias}’s own host keys, as read there over the console’s verified connection
      ${hereDocument(sh`cat > known_hosts`, 'KEYS', hostKeys.map((key) => `primary ${key}`).join('\n'))}
      rm -f rehearsal
      ${trialCommand(primary, sh`./via`)}
      echo ${word`${primary.alias}: `}"$(cat rehearsal)"
    `),
  );
};

export const tryTransfer =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    return makeStep(facts, {
      id: 'link-rehearsal',
      phase,
      host: node,
      as: 'postgres',
      title: 'Test the transfer key',
      reason: `With the key, the route and the program of the transfer; what sshd refuses (AllowUsers, a firewall) is found now. If it stays refused: rebuild ${node.alias} by base-backup, in the cluster file, and start again.`,
      guide: null,
      danger: 'changes',
      script: (world) => trialScript(facts, node, world),
      probe: (world) => {
        if (isPastStop(facts, node, world)) return done('the host was stopped already');
        return transferOf(world, node.alias)?.tried === true
          ? done(`${primary.alias} was reached`)
          : pending('not tested yet');
      },
      before: [
        onHost(primary.alias, `${primary.alias} lets the key of ${node.alias} in`, (_, world) =>
          verdictOf(hasLine(facts, node, world), 'it does not'),
        ),
      ],
      after: [transferIsReady(facts, node)],
      settleSeconds: 5,
      undo: nothingToUndo,
    });
  };
