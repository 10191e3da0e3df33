import type { CustomStep } from '../../cluster/custom-steps.ts';
import {
  type ClusterFacts,
  type HostFacts,
  isOutside,
  type NodeFacts,
  type Outside,
  placeOfCustom,
  primaryOf,
  userOn,
} from '../../cluster/facts.ts';
import { type Fragment, joined, quoted, sh, word } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';
import type { Path, Word } from '../../cluster/words.ts';
import { mark } from '../shell/shell.ts';

/**
 * Where a custom step runs, as whom, and where its marker files lie: with the cluster's own on a host of the cluster; outside of it in the home
 * of whoever runs it there, by the cluster's system identifier.
 */

export type CustomStepPlace = HostFacts | Outside;

/** `writer`: who takes the writes when a rollback is over. */
export const stepPlaceOf = (
  facts: ClusterFacts,
  step: CustomStep,
  writer: NodeFacts = primaryOf(facts),
): CustomStepPlace => {
  const place = step.on === 'primary' ? writer : placeOfCustom(facts, step);
  if (place === null)
    throw new TypeError(`steps.${step.name} without a host: discovery must have refused it`);
  return place;
};

type As = CustomStep['as'];

/** The operating system user that runs it there. */
export const runsAs = (facts: ClusterFacts, place: CustomStepPlace, as: As): string =>
  as ?? (isOutside(place) ? theLogin : userOn(facts, place.alias));

/** Where marker files lie outside the cluster: a directory below the home of whoever runs the step. */
export const outsideMarks = (facts: Pick<ClusterFacts, 'systemIdentifier'>): Fragment =>
  sh`"$HOME"/.pgaf-upgrade/steps/${facts.systemIdentifier}`;

/**
 * A condition of the shell: what is kept in the home is this user's own, and not another's whose HOME was taken along (`sudo -E`), who could
 * lay links in it for whatever is written there, and could write nothing there afterwards. A link to a directory of one's own is fine.
 */
export const homeIsOwn: Fragment = sh`[ -n "$(find "$HOME"/.pgaf-upgrade/ -prune -user "$(id -u)")" ]`;

/** The marker files of a cluster's host are its PostgreSQL user's: root writes none where another user could lay a link for it. */
const asOwner = (facts: ClusterFacts, place: HostFacts, as: As, lines: Fragment): Fragment =>
  as === undefined
    ? lines
    : sh`runuser -u ${userOn(facts, place.alias)} -- sh -euc ${quoted(lines.text)} </dev/null`;

/** Leaves a marker file, and forces it to the disk. */
export const markAt = (facts: ClusterFacts, place: CustomStepPlace, as: As, name: Word): Fragment => {
  if (!isOutside(place)) return asOwner(facts, place, as, mark(place, name));
  return sh`( umask 077; d=${outsideMarks(facts)}; mkdir -p "$HOME"/.pgaf-upgrade; ${homeIsOwn} || { echo "$HOME/.pgaf-upgrade belongs to another user: log in with a home of your own" >&2; exit 1; }; mkdir -p "$d" && date -u +%FT%TZ > "$d"/${name} && { sync -- "$d"/${name} "$d" || sync; } )`;
};

/** Takes marker files away. */
export const unmarkAt = (
  facts: ClusterFacts,
  place: CustomStepPlace,
  as: As,
  names: readonly Word[],
): Fragment => {
  if (isOutside(place))
    return sh`d=${outsideMarks(facts)} && rm -f ${joined(
      names.map((name) => sh`"$d"/${name}`),
      ' ',
    )} && { sync -- "$d" || sync; }`;
  const directory: Path = word`${place.workDir}/done`;
  return asOwner(
    facts,
    place,
    as,
    sh`rm -f ${joined(
      names.map((name) => sh`${word`${directory}/${name}`}`),
      ' ',
    )} && { sync -- ${directory} || sync; }`,
  );
};

/** Who runs custom steps at a place outside the cluster. */
export const usersAt = (facts: ClusterFacts, place: Outside): readonly As[] => [
  ...new Set(facts.custom.flatMap((step) => (placeOfCustom(facts, step) === place ? [step.as] : []))),
];
