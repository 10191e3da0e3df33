import type { Outline } from './outline.ts';

export interface MonitorAddress {
  readonly host: string;
  readonly user: string | null;
  readonly port: number | null;
}

/** A plain word, or a string in double quotes, which YAML reads like JSON. */
const yaml = (value: string): string =>
  /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n|~)$/i.test(value)
    ? value
    : JSON.stringify(value);

/** Nothing that a host said can begin a line of its own. */
const comment = (text: string): string => `# ${text.replaceAll(/\p{Cc}/gu, ' ')}`;

/**
 * The text of a new cluster file: what must be in it, and, as comments, what was found and can be overridden.
 * docs/config.md describes every key.
 */
export const clusterFile = (address: MonitorAddress, outline: Outline, date: string): string => {
  const { monitor, nodes, target, candidates, oldVersion } = outline;
  const ssh = [
    ...(address.user === null ? [] : [`  user: ${yaml(address.user)}`]),
    ...(address.port === null ? [] : [`  port: ${address.port}`]),
  ];
  return `${[
    comment(`Written by pgaf-upgrade init on ${date}. Every key: docs/config.md of pgaf-upgrade.`),
    comment(
      `Found: PostgreSQL ${oldVersion}, formation ${outline.formation}, ${nodes.length} nodes. What is in comments is what was found:`,
    ),
    comment('it is looked up again each time, and a line without the # replaces it.'),
    comment(
      'For an editor that knows the keys: pgaf-upgrade schema > cluster.schema.json, and as the first line here',
    ),
    comment('yaml-language-server: $schema=cluster.schema.json'),
    '',
    comment('What the cluster is called on the screen and in reports; --yes wants it typed.'),
    `name: ${yaml(address.host)}`,
    '',
    'monitor:',
    `  host: ${yaml(address.host)}`,
    `  ${comment(`pgdata: ${yaml(monitor.pgdata)}`)}`,
    `  ${comment(`port: ${monitor.port}`)}`,
    ...(monitor.unit === null ? [] : [`  ${comment(`unit: ${yaml(monitor.unit)}`)}`]),
    '',
    comment('How to reach every host; a node can have its own below.'),
    ...(ssh.length === 0
      ? [comment('ssh: { user: dba, identityFile: ~/.ssh/id_ed25519 }')]
      : ['ssh:', ...ssh]),
    '',
    comment('The programs of the new version, on every host.'),
    ...(target === null
      ? [
          comment(
            candidates.length === 0
              ? 'No later version was found on every host: install it, and name its directory here.'
              : 'No later version is installed on every host. Found on some:',
          ),
          ...candidates.map((one) => comment(`  ${one.bindir} (${one.version.text})`)),
          'target:',
          `  bindir: ${candidates[0] === undefined ? '/path/to/the/new/bin' : yaml(candidates[0].bindir)}`,
        ]
      : [
          'target:',
          `  bindir: ${yaml(target.bindir)}  ${comment(target.version.text)}`,
          ...candidates
            .filter((one) => one.bindir !== target.bindir)
            .map((one) => `  ${comment(`or ${one.bindir} (${one.version.text})`)}`),
        ]),
    '',
    comment(
      'link: fast, and the old files are shared. clone: as fast where the file system has reflinks. copy: slow.',
    ),
    'upgrade:',
    '  mode: link',
    `  ${comment('jobs: 4')}`,
    '',
    comment('The nodes, by their names on the monitor. Only what differs has to be written.'),
    'nodes:',
    ...nodes.flatMap((node) => [
      `  ${yaml(node.name)}:  ${comment(`${node.state}, ${node.hostname}`)}`,
      ...(node.problem === null ? [] : [`    ${comment(`NOT REACHED: ${node.problem.what}`)}`]),
      `    ${comment(`ssh: { host: ${yaml(node.hostname)} }`)}`,
      ...(node.pgdata === null ? [] : [`    ${comment(`pgdata: ${yaml(node.pgdata)}`)}`]),
      ...(node.unit === null ? [] : [`    ${comment(`unit: ${yaml(node.unit)}`)}`]),
      ...(node.bindir === null ? [] : [`    ${comment(`oldBindir: ${yaml(node.bindir)}`)}`]),
    ]),
    '',
    comment('Warnings of pgaf-upgrade check that you know of and accept, e.g. [unit-kill-mode].'),
    'check:',
    '  accept: []',
    '',
    comment('Steps of your own at their places in the window: docs/custom-steps.md.'),
    comment('steps: { smoke-test: { at: before-open, run: /usr/local/bin/smoke-test, timeout: 60 } }'),
  ].join('\n')}\n`;
};
