import fs from 'node:fs';
import path from 'node:path';
import type { NodePlan } from '../node/plan.ts';

const TOOL = path.join(import.meta.dirname, 'main.ts');

export type StandInPaths = { socketPath: string; cacheDir: string; proxyCli: string };

/** One word for /bin/sh, whatever is in it. */
export const shellWord = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The commands that the incident document and the console run on a node, scoped to this node. Those that are asked for all the time are
 * plain sh; the others start `main.ts` beside this file.
 */
export function installStandIns(node: NodePlan, paths: StandInPaths): void {
  const settings = [
    `NODE_COMPILE_CACHE=${shellWord(paths.cacheDir)}`,
    `HEADROOM_DEMO_SOCKET=${shellWord(paths.socketPath)}`,
    `HEADROOM_DEMO_METRICS_PORT=${node.ports.metrics}`,
    `HEADROOM_DEMO_PORTS=${node.ports.tls},${node.ports.http},${node.ports.metrics}`,
    `HEADROOM_DEMO_UNITS=${shellWord(node.unitsDir)}`,
    `HEADROOM_DEMO_LOG=${shellWord(node.logPath)}`,
    `HEADROOM_DEMO_NODE=${shellWord(node.name)}`,
  ];
  const tool = (name: string) => `export ${settings.join(' ')}\nexec ${shellWord(process.execPath)} ${shellWord(TOOL)} ${name} "$@"`;
  const scripts: Record<string, string> = {
    systemctl: systemctl(node.unitsDir, tool('systemctl')),
    pgrep: pgrep(node.unitsDir),
    sudo: SUDO,
    'sniproxy-server': `exec ${shellWord(process.execPath)} ${shellWord(paths.proxyCli)} "$@"`,
  };
  for (const name of ['systemd-run', 'journalctl', 'lsof', 'ss', 'curl']) scripts[name] = tool(name);
  fs.mkdirSync(node.binDir, { recursive: true });
  for (const [name, text] of Object.entries(scripts)) {
    fs.writeFileSync(path.join(node.binDir, name), `#!/bin/sh\n# ${name} as it answers on the demo node ${node.name}\n${text}\n`, {
      mode: 0o755,
    });
  }
}

/** `show` and `is-active` read the unit's file, which the service manager replaces whenever something changes; the rest asks the manager. */
function systemctl(unitsDir: string, otherwise: string): string {
  return `units=${shellWord(unitsDir)}
verb= wanted= value= quiet= found=1
rest() {
${otherwise}
}
i=0
for word; do
  i=$((i+1))
  if [ "$verb" ]; then break; fi
  case $word in -q|--quiet) quiet=1;; -*) ;; *) verb=$word;; esac
done
case $verb in show|is-active) ;; *) rest "$@";; esac
names= next=
for word; do
  if [ "$next" ]; then wanted="$wanted,$word"; next=; continue; fi
  case $word in
    -p|-P|--property) next=1; [ "$word" = -P ] && value=1;;
    --property=*) wanted="$wanted,\${word#--property=}";;
    -p?*) wanted="$wanted,\${word#-p}";;
    --value) value=1;;
    -q|--quiet) quiet=1;;
    -*) ;;
    *) [ "$word" = "$verb" ] || names="$names $word";;
  esac
done
show() {
  while IFS= read -r line; do
    key=\${line%%=*}
    case "$wanted," in ,|*,"$key",*) ;; *) continue;; esac
    if [ "$value" ]; then echo "\${line#*=}"; else echo "$line"; fi
  done
}
for name in $names; do
  case $name in *.service|*.timer|*.socket|*.target) ;; *) name=$name.service;; esac
  case $name in */*) exit 1;; esac
  file=$units/$name
  if [ "$verb" = is-active ]; then
    state=inactive
    while IFS= read -r line; do case $line in ActiveState=*) state=\${line#ActiveState=};; esac; done 2>/dev/null < "$file"
    [ "$quiet" ] || echo "$state"
    case $state in active|reloading) found=0;; esac
    continue
  fi
  found=0
  if [ -f "$file" ]; then show < "$file"; else show <<NOT_FOUND
Type=
MainPID=0
NRestarts=0
ExecMainStartTimestamp=
ExecMainStartTimestampMonotonic=0
LimitNOFILE=
Id=$name
Names=$name
Description=$name
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NOT_FOUND
  fi
done
[ "$verb" = show ] || [ "$found" = 0 ] || exit 3
exit 0`;
}

/** Finds the unit's main process and its children only, by name (-x, -f) as procps does. */
function pgrep(unitsDir: string): string {
  return `exact= full= count= list= pattern=
while [ $# -gt 0 ]; do
  case $1 in
    -x|--exact) exact=1;; -f|--full) full=1;; -c|--count) count=1;; -l|--list-name|-a|--list-full) list=$1;;
    -o|-n|--oldest|--newest) ;; -u|-U|-P|-g|-s|-t) shift;; --) ;; -*) ;;
    *) pattern=$1;;
  esac
  shift
done
[ "$pattern" ] || { echo 'pgrep: no matching criteria specified' >&2; exit 2; }
main=0
while IFS= read -r line; do case $line in MainPID=*) main=\${line#MainPID=};; esac; done 2>/dev/null < ${shellWord(unitsDir)}/sniproxy.service
found=0
for pid in $main $(cat "/proc/$main/task/$main/children" 2>/dev/null); do
  read -r comm 2>/dev/null < "/proc/$pid/comm" || continue
  text=$comm
  [ "$full" ] && text=$(tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null)
  if [ "$exact" ]; then p="^($pattern)\\$"; else p=$pattern; fi
  printf '%s\\n' "$text" | grep -Eq -- "$p" || continue
  found=$((found+1))
  [ "$count" ] && continue
  case $list in '') echo "$pid";; -a|--list-full) echo "$pid $(tr '\\0' ' ' < "/proc/$pid/cmdline")";; *) echo "$pid $comm";; esac
done
[ "$count" ] && echo "$found"
[ "$found" -gt 0 ]`;
}

/** Everything on a demo node runs as one user: sudo has only its options to take off. */
const SUDO = `while [ $# -gt 0 ]; do
  case $1 in
    -n|-E|-H|-S|--non-interactive) shift;;
    -u|-g|-p|--user|--group|--prompt) shift 2;;
    -l|-v|--list|--validate) exit 0;;
    --) shift; break;;
    -*) echo "sudo: unknown option $1 on a demo node" >&2; exit 1;;
    *=*) export "$1"; shift;;
    *) break;;
  esac
done
[ $# -gt 0 ] || { echo 'usage: sudo command' >&2; exit 1; }
exec "$@"`;
