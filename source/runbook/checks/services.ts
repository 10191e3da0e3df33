import type { HostFacts } from '../../cluster/facts.ts';
import { joined, quoted, sh } from '../../cluster/fragment.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { inspected, type Seen } from './see.ts';

/** Directories whose files go before those of the same name in /etc. Source: systemd.unit(5), “Unit File Load Path”. */
const beforeEtc =
  /^\/(etc\/systemd\/system\.control|run\/systemd\/(system\.control|transient|generator\.early))\//;

const edits = (facts: HostFacts): boolean => facts.oldAutoctl !== facts.newAutoctl;

/** What keeps the unit's program from being exchanged by an edit of the unit's files. */
const programIssues = ({ facts, inspection }: Seen): readonly Issue[] => {
  const { service } = facts;
  if (service.kind === 'none') return [];
  const unreadable = inspection.unreadableUnitFiles.map((file) => ({
    found: `${file} belongs to ${service.unit}, and the user of PostgreSQL cannot read it`,
    remedy:
      'let it be read: nothing secret belongs into the file of a unit, which systemctl shows to everybody',
    command: sh`chmod a+r ${quoted(file)}`.text,
  }));
  if (!edits(facts) || inspection.unit === null) return unreadable;
  const { execStart, fragmentPath } = inspection.unit;
  const passing = [fragmentPath ?? '', ...service.dropIns].filter((file) => beforeEtc.test(file));
  const wrapped =
    execStart !== null && !execStart.path.endsWith('/pg_autoctl')
      ? [
          {
            found: `${service.unit} starts pg_autoctl through ${execStart.path}, which the console does not edit: it would go on with ${facts.oldAutoctl}`,
            remedy: `let the unit name pg_autoctl itself, in a drop-in ([Service], an empty ExecStart=, then ExecStart=${facts.oldAutoctl} run), with the environment that the script gives it, and restart it in a quiet hour`,
            command: sh`systemctl edit ${service.unit}`.text,
          },
        ]
      : [];
  return [
    ...unreadable,
    ...wrapped,
    ...passing.map((file) => ({
      found: `${file} goes before whatever is written to /etc/systemd/system, so the program of ${service.unit} cannot be exchanged there`,
      remedy: 'make it a unit file in /etc/systemd/system',
      command: sh`systemctl cat ${service.unit}`.text,
    })),
  ];
};

/** The unit of pg_autoctl, and what hangs on it. */
export const serviceChecks: readonly Check[] = [
  {
    id: 'unit-program',
    severity: 'blocker',
    title: 'The unit’s files name pg_autoctl, and can be edited',
    scope: 'every host',
    why: 'The service must run the new version’s pg_autoctl; the unit file and its drop-ins are edited for that, scripts are not.',
    source: 'systemd.unit(5), systemd.service(5), ExecStart=; docs/runbook.md',
    judge: onEach('every host', inspected, programIssues),
  },
  {
    id: 'unit-dependents',
    severity: 'warning',
    title: 'Nothing goes down with the unit',
    scope: 'every host',
    why: 'systemd stops what is bound to a unit, requires it or is part of it together with it, and does not start it again by itself: a pooler or an exporter would stay down after the window.',
    source:
      'systemd.unit(5), BindsTo=, Requires=, PartOf=; seen on the lab: a pooler bound to the unit stayed down',
    judge: onEach('every host', inspected, ({ facts: { service }, inspection: { dependents } }) =>
      service.kind === 'none' || dependents.length === 0
        ? null
        : {
            found: `${dependents.join(', ')}: down with ${service.unit} in the window, and started again right behind it, also by a rollback`,
            remedy:
              'look at the end of the window whether it works; what it needs besides PostgreSQL is yours to start',
            command: sh`systemctl is-active ${joined(dependents.map(quoted), ' ')}`.text,
          },
    ),
  },
];
