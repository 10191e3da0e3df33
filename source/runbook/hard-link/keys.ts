import { type ClusterFacts, linkedOf, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn, type TransferView, type World } from '../../cluster/world.ts';
import { about, when } from '../conditions.ts';
import { isPastStop, isSwapped } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { script } from '../shell.ts';
import { beside } from '../stages.ts';
import { type Condition, ready, type Script, type Step } from '../step.ts';
import { allowLines, forgetLines } from './authorized-keys.ts';
import { sendsExactly } from './line.ts';
import { keyComment, linkDir, onlyProgram, readBy, rehearsalFile } from './names.ts';
import { plainEnvironment, rehearsalCommand, transferCommand } from './rsync.ts';

/** What must be known of a secondary before its key may be let in: from its own host, and from where the primary sees it. */
interface Guest {
  readonly publicKey: string;
  readonly transfer: string;
  readonly rehearsal: string;
  /** Its address, as the primary's server sees it. */
  readonly address: string;
}

const transferOf = (world: World, alias: string): TransferView | null =>
  hostIn(world, alias)?.transfer ?? null;

const keyOf = (facts: ClusterFacts, node: NodeFacts, world: World): Omit<Guest, 'address'> | null => {
  const { publicKey = null, lines = [] } = transferOf(world, node.alias) ?? {};
  const [transfer = '', rehearsal = ''] = lines;
  const read = readBy(facts);
  const strict = sendsExactly(transfer, read.transfer) && sendsExactly(rehearsal, read.rehearsal);
  return publicKey !== null && strict ? { publicKey, transfer, rehearsal } : null;
};

const guestOf = (facts: ClusterFacts, node: NodeFacts, world: World): Guest | null => {
  const key = keyOf(facts, node, world);
  const senders = hostIn(world, primaryOf(facts).alias)?.server?.senders ?? [];
  const address = senders.find((one) => one.name === `pgautofailover_standby_${node.nodeId}`)?.address ?? '';
  return key !== null && /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? { ...key, address } : null;
};

/** The line as it must stand on the primary, but for the address, which only a primary that runs can tell. */
const hasLine = (facts: ClusterFacts, node: NodeFacts, world: World): boolean => {
  const key = keyOf(facts, node, world);
  const lines = transferOf(world, primaryOf(facts).alias)?.authorized ?? [];
  return (
    key !== null &&
    lines.some(
      (line) => line.startsWith('restrict,from="') && line.endsWith(` ${key.publicKey} ${keyComment(node)}`),
    )
  );
};

const reach = (primary: NodeFacts): string[] => [
  "cat > via <<'VIA'",
  '#!/bin/sh',
  `# how the transfer reaches ${primary.hostname}: by this key alone, and only if its host key is the known one`,
  `exec ssh -F none -i ./key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o StrictHostKeyChecking=yes \\`,
  '  -o UserKnownHostsFile=./known_hosts -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=primary \\',
  '  -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 \\',
  `  -o ${sh(`HostName=${primary.hostname}`)} -o Port=${primary.sshPort} "$@"`,
  'VIA',
  'chmod 700 via',
];

const keyStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'link-key',
    phase: 'B',
    host: node,
    as: 'postgres',
    title: `Make a key for the transfer from ${primary.alias}`,
    reason:
      'It is made for this run, opens one rsync and nothing else, and is removed once the data is there. rsync tells a program that only listens which command it would have run.',
    guide: null,
    differs: 'The guide copies every secondary anew; by hard links the data that is there already is kept.',
    danger: 'changes',
    script: script(
      'umask 077',
      `mkdir -p ${sh(linkDir(node))} && cd ${sh(linkDir(node))}`,
      plainEnvironment,
      'rm -f key key.pub rehearsal known_hosts lines',
      `ssh-keygen -q -t ed25519 -N '' -C ${sh(keyComment(node))} -f key`,
      ...reach(primary),
      '# takes the place of ssh: writes down what would run on the other host, and connects to nothing',
      "cat > tell <<'TELL'",
      '#!/bin/sh',
      'shift',
      'printf "%s\\n" "$*" >> lines.new',
      'exit 1',
      'TELL',
      'chmod 700 tell; rm -f lines.new',
      `${transferCommand(primary, node, './tell')} >/dev/null 2>&1 || true`,
      `${rehearsalCommand(primary, './tell')} >/dev/null 2>&1 || true`,
      'rm -f tell; mv lines.new lines',
      'ssh-keygen -l -f key.pub; cat lines',
    ),
    probe: (world) => {
      if (isPastStop(facts, node, world)) return done('the host is past its stop');
      const seen = transferOf(world, node.alias);
      if (keyOf(facts, node, world) !== null) return done('it is there');
      return seen?.publicKey == null
        ? pending('there is none')
        : half('the commands that go with it are not there');
    },
    after: [
      about(node.alias, 'the key is there, and rsync asks for these files and nothing else', (_, world) =>
        when(
          keyOf(facts, node, world) !== null,
          `it asks for ${transferOf(world, node.alias)?.lines.join(' and ') || 'nothing'} (paths with blanks need rsync 3.2.4)`,
        ),
      ),
    ],
    undo: `rm -r ${sh(linkDir(node))}`,
  });
};

/** Runs one of the two commands, written out, and nothing that came over the line. */
const onlyLines = (primary: NodeFacts, node: NodeFacts, guest: Guest): string[] => [
  `cat > ${sh(onlyProgram(primary, node))} <<'ONLY'`,
  '#!/bin/sh',
  `# what the key of ${node.alias} may run; sshd passes what was asked for`,
  ...[guest.transfer, guest.rehearsal].flatMap((line) => [
    `if [ "$SSH_ORIGINAL_COMMAND" = ${sh(line)} ]; then`,
    `  exec ${line}`,
    'fi',
  ]),
  "echo 'this key is for one transfer and nothing else' >&2",
  'exit 1',
  'ONLY',
];

const letInScript = (facts: ClusterFacts, world: World): Script => {
  const primary = primaryOf(facts);
  const lines: string[] = [];
  const programs: string[] = [];
  for (const node of linkedOf(facts)) {
    const guest = guestOf(facts, node, world);
    if (guest === null)
      return {
        kind: 'unresolved',
        needs: `the key of ${node.alias}, and its address while it streams from ${primary.alias}`,
      };
    const program = `sh ${sh(onlyProgram(primary, node))}`.replaceAll('"', '\\"');
    programs.push(...onlyLines(primary, node, guest));
    lines.push(
      `restrict,from="${guest.address}",command="${program}" ${guest.publicKey} ${keyComment(node)}`,
    );
  }
  return ready(
    script(
      'umask 077',
      `mkdir -p ${sh(linkDir(primary))}`,
      `echo reached > ${sh(rehearsalFile(primary))}`,
      ...programs,
      ...forgetLines(primary),
      ...allowLines(primary, lines),
    ),
  );
};

const letInStep = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  const nodes = linkedOf(facts);
  const names = nodes.map((node) => node.alias).join(', ');
  const program = `rsync --server --sender … ${readBy(facts).transfer.join(' ')}`;
  return makeStep(facts, {
    id: 'link-let-in',
    phase: 'B',
    host: primary,
    as: 'postgres',
    title: `Let ${names} fetch the data, and nothing else`,
    reason: `Each key may be used from its own host only, and runs this alone: ${program}. The lines that are there stay as they are.`,
    guide: null,
    danger: 'changes',
    script: (world) => letInScript(facts, world),
    probe: (world) => {
      if (nodes.every((node) => isPastStop(facts, node, world))) return done('the hosts are past their stop');
      const missing = nodes.find((node) => !hasLine(facts, node, world));
      return missing === undefined ? done('they are let in') : pending(`${missing.alias} is not let in`);
    },
    after: [
      about(primary.alias, `authorized_keys has a line for the key of ${names}`, (_, world) =>
        when(
          nodes.every((node) => hasLine(facts, node, world)),
          'one is missing',
        ),
      ),
    ],
    undo: `take the lines with ${keyComment(nodes[0] ?? primary).replace(/\d+$/, '…')} out of ~/.ssh/authorized_keys`,
  });
};

const rehearsalScript = (facts: ClusterFacts, node: NodeFacts, world: World): Script => {
  const primary = primaryOf(facts);
  const hostKeys = transferOf(world, primary.alias)?.hostKeys ?? [];
  if (hostKeys.length === 0)
    return { kind: 'unresolved', needs: `the keys of ${primary.alias}’s sshd, /etc/ssh/ssh_host_*_key.pub` };
  return ready(
    script(
      'umask 077',
      `cd ${sh(linkDir(node))}`,
      plainEnvironment,
      `# ${primary.alias}’s own host keys, as read there over the console’s verified connection`,
      "cat > known_hosts <<'KEYS'",
      ...hostKeys.map((key) => `primary ${key}`),
      'KEYS',
      'rm -f rehearsal',
      rehearsalCommand(primary, './via'),
      `echo ${sh(`${primary.alias}: `)}"$(cat rehearsal)"`,
    ),
  );
};

const rehearsalStep = (facts: ClusterFacts, node: NodeFacts): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'link-rehearsal',
    phase: 'B',
    host: node,
    as: 'postgres',
    title: `Rehearse the transfer: one small file from ${primary.alias}`,
    reason: `By the same key, the same way and the same program; what sshd refuses (AllowUsers, a firewall) is found now. If it stays so: rebuild ${node.alias} by base-backup, in the cluster file, and start again.`,
    guide: null,
    danger: 'changes',
    script: (world) => rehearsalScript(facts, node, world),
    probe: (world) => {
      if (isPastStop(facts, node, world)) return done('the host is past its stop');
      return transferOf(world, node.alias)?.rehearsed === true
        ? done(`${primary.alias} was reached`)
        : pending('not rehearsed yet');
    },
    before: [
      about(primary.alias, `${primary.alias} lets the key of ${node.alias} in`, (_, world) =>
        when(hasLine(facts, node, world), 'it does not'),
      ),
    ],
    after: [transferIsReady(facts, node)],
    settleSeconds: 5,
    undo: 'nothing to undo',
  });
};

/** The transfer can begin: the key is there, it is let in, and has been tried. */
export const transferIsReady = (facts: ClusterFacts, node: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return about(
    node.alias,
    `${node.alias} reaches rsync on ${primary.alias} by its key`,
    ({ transfer }, world) => {
      if (!hasLine(facts, node, world)) return when(false, `${primary.alias} does not let its key in`);
      return when(transfer.rehearsed, 'it has not been tried');
    },
  );
};

/** B. Keys, in both directions, and a rehearsal; before the fence, so that what fails here changes nothing of the cluster. */
export const linkKeySteps = (facts: ClusterFacts): Step[] => {
  const nodes = linkedOf(facts);
  if (nodes.length === 0) return [];
  return [
    ...nodes.flatMap((node) => beside('link-key', node.alias, [keyStep(facts, node)])),
    letInStep(facts),
    ...nodes.flatMap((node) => beside('link-rehearsal', node.alias, [rehearsalStep(facts, node)])),
  ];
};

/** A key of a run stands in the primary's authorized_keys, whatever the cluster file says by now. */
export const isLetIn = (facts: ClusterFacts, world: World): boolean =>
  (transferOf(world, primaryOf(facts).alias)?.authorized.length ?? 0) > 0;

/** Nobody is let in any more. `phase`: H once the data is there, V on the way back. */
export const linkForgetStep = (facts: ClusterFacts, phase: 'H' | 'V'): Step => {
  const primary = primaryOf(facts);
  const none = (world: World): boolean => transferOf(world, primary.alias)?.authorized.length === 0;
  const passed = (world: World): boolean =>
    phase === 'V' ||
    linkedOf(facts).every((node) => isPastStop(facts, node, world)) ||
    isSwapped(facts, primary, world);
  return makeStep(facts, {
    id: 'link-forget',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Take the keys of the transfer out again',
    reason: 'They were made for this run. The other lines of authorized_keys stay, byte for byte.',
    guide: null,
    danger: 'changes',
    script: script(...forgetLines(primary), `rm -rf ${sh(linkDir(primary))}`),
    probe: (world) =>
      none(world) && passed(world) ? done('none is let in') : pending('they are still let in'),
    after: [about(primary.alias, 'no key of this run is let in', (_, world) => when(none(world), 'one is'))],
    undo: 'nothing to undo here',
  });
};
