import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { constant, type Fragment, sh, word } from '../../cluster/fragment.ts';
import { type Path, plainName } from '../../cluster/words.ts';
import { helperPath, type RootHost, type RootVerb, type RootWay, verbLines } from './root-verbs.ts';

/** What a verb does, for who reads the helper. */
const verbWords: Readonly<Record<RootVerb, Fragment>> = {
  stop: sh`stops the unit, and lets nobody else start it`,
  start: sh`starts the unit`,
  guard: sh`KillMode=mixed for the unit and a gate against starts`,
  unguard: sh`takes that away`,
  enable: sh`the unit starts at boot`,
  disable: sh`the unit does not start at boot`,
  'unit-new': sh`the unit runs the new pg_autoctl; what it was is kept where only root writes`,
  'unit-old': sh`the unit runs the old pg_autoctl again`,
  keeper: sh`exchanges the running pg_autoctl, PostgreSQL stays up`,
  places: sh`makes the directory beside each tablespace, for postgres`,
  'places-gone': sh`removes them where they are empty`,
  'in-use': sh`reads whether anybody has an old data directory open`,
  log: sh`reads the unit’s last lines in the journal`,
  crontabs: sh`reads which crontabs work on PostgreSQL or start the unit, and prints those lines`,
  'serve-new': sh`the private server of the new version: its unit, enabled and started`,
  'serve-gone': sh`the units of the private servers, stopped and gone`,
  'cut-over': sh`the old version stops, the new one serves; or the old one goes home and serves`,
  'cut-back': sh`the same backwards`,
};

/** Where its rule goes; sudo reads no file there with a dot in its name. */
export const sudoersPath = (host: RootHost): Path =>
  word`/etc/sudoers.d/pgaf-upgrade${plainName(posix.basename(helperPath(host)).slice('pgaf-upgrade-root'.length).replaceAll('.', '_'))}`;

/** The helper of one host, whole: what root installs, and what `version` answers for. */
export const helperText = (way: RootWay, host: RootHost): string => {
  const verbs = [...verbLines(way, host)];
  const path = helperPath(host);
  const cases = verbs.map(
    ([verb, each]) => sh`
      ${constant<RootVerb>(verb)})
        ${each}
        ;;
    `,
  );
  return sh`
    #!/bin/sh
    # ${path}: what an upgrade by pgaf-upgrade does as root on this host, and nothing else.
    # It takes one of the words below and no other argument; every path, unit and user in it is a constant of this host.
    # Install it root:root 755, remove it when the upgrade is accepted.
    #
    ${verbs.map(([verb]) => sh`#   ${constant<RootVerb>(verb)}: ${verbWords[verb]}`)}
    #   version: the checksum of this file, by which pgaf-upgrade knows it
    #   end: ends whatever another call of this file is at
    # shellcheck disable=SC2013,SC2015,SC2046 # lists of words, of names and numbers alone
    set -eu
    PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
    # nothing of the caller’s environment counts
    unset IFS; unset $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | grep -vx -e PATH -e PWD -e _ -e SHLVL)
    LC_ALL=C; export LC_ALL
    umask 022; cd /; exec </dev/null
    self=${path}
    [ $# -eq 1 ] || { echo "one word, and nothing else: see $self" >&2; exit 2; }
    [ "$(id -u)" = 0 ] || { echo "this is for root: sudo -n $self $1" >&2; exit 2; }
    case $1 in
    ${cases}
    version)
      sha256sum <"$self" | cut -d " " -f 1
      ;;
    end)
      others() { # other calls of this file, and what they have started
        for at in /proc/[0-9]*; do
          case $(tr '\0' ' ' <"$at/cmdline" 2>/dev/null) in "/bin/sh $self end "*) ;;
            "/bin/sh $self "*) if [ "$(stat -c %u "$at" 2>/dev/null)" = 0 ]; then echo "\${at#/proc/}"; fi ;; esac
        done
      }
      for signal in TERM KILL; do
        for pid in $(others); do
          for child in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do kill -s "$signal" "$child" 2>/dev/null || true; done
          kill -s "$signal" "$pid" 2>/dev/null || true
        done
        tries=0; while [ -n "$(others)" ] && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
      done
      [ -z "$(others)" ]
      ;;
    *)
      echo "$1 is none of the words that it knows: see $self" >&2; exit 2
      ;;
    esac

  `.text;
};

export const helperChecksum = (way: RootWay, host: RootHost): string =>
  createHash('sha256').update(helperText(way, host)).digest('hex');

/** The rule that goes with it. `sh` as postgres is what every other step is; root is nothing but the helper. */
export const sudoersText = (way: RootWay, host: RootHost, login: string): string =>
  [
    `# pgaf-upgrade: take it away when the upgrade is accepted.`,
    `${login} ALL=(${host.postgres ?? way.postgres}) NOPASSWD: /usr/bin/sh`,
    `${login} ALL=(root) NOPASSWD: ${helperPath(host)}`,
    `# where requiretty is set: no command of the console has a terminal`,
    `#Defaults:${login} !requiretty`,
    '',
  ].join('\n');
