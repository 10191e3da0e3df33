import { type Fragment, sh } from '../../cluster/fragment.ts';

/**
 * `dependents UNIT`: the active units that a stop of UNIT takes with it and its start does not bring back, each on a line: what is
 * bound to it, requires it or is part of it, and what hangs on those. systemd knows them only while they are loaded, so this is asked
 * before the stop. Source: systemd.unit(5), BindsTo=, Requires=, PartOf=; org.freedesktop.systemd1(5), BoundBy, RequiredBy, ConsistsOf.
 */
export const dependentsFunction: Fragment = sh`
  dependents() ( # UNIT
    all='' todo=$1 level=0
    while [ $level -lt 5 ]; do level=$((level + 1))
      found=$(systemctl show -p BoundBy -p RequiredBy -p ConsistsOf $todo 2>/dev/null | sed 's/^[A-Za-z]*=//' | tr ' ' '\n' | grep -E '\.(service|socket|timer|path)$' | sort -u || true)
      todo=''
      for one in $found; do case " $1 $all " in *" $one "*) ;; *) todo="$todo $one" ;; esac; done
      [ -n "$todo" ] || break
      all="$all$todo"
    done
    [ -z "$all" ] || systemctl show -p Id -p ActiveState $all 2>/dev/null | awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { state = $2 }
      id != "" && state != "" { if (state == "active") print id; id = state = "" }'
  )
`;
