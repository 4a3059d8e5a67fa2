'use client';
import { Command } from 'cmdk';
import { ArrowRight, Ban, BookOpen, Filter, ListChecks, Play, Search } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useFleet } from '#client/nodes.ts';
import { useRunbooks } from '#client/runbooks.ts';
import { useRuns } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Kbd } from '#components/ui/kbd.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { runName } from '#shared/run-name.ts';
import { byUrgency, type Entry, GROUPS, type PageAct, paletteEntries } from './entries.ts';
import type { Found } from './rank.ts';

/** Finds things, and does them: every act leads to the page that shows its plan and asks. */
export function Palette({ onClose, onAct }: { onClose: () => void; onAct: (act: PageAct) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState('');
  const router = useRouter();
  const entries = useEntries(query);
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
    // a dialog gives the focus to its first part that can take it, which is the frame around the list
    input.current?.focus();
  }, []);

  const choose = (entry: Entry) => {
    dialog.current?.close();
    if ('href' in entry.does) router.push(entry.does.href);
    else onAct(entry.does.act);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it too; a click beside it is the pointer's way
    <dialog
      ref={dialog}
      className="pal"
      aria-label="Command palette"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <Command label="Command palette" shouldFilter={false} loop>
        <div className="pal-in">
          <Search className="i" aria-hidden="true" />
          <Command.Input
            ref={input}
            value={query}
            onValueChange={setQuery}
            placeholder="Search, run, jump: restart edge-07"
            maxLength={200}
          />
          <Kbd>Esc</Kbd>
        </div>
        <Command.List>
          <Command.Empty>
            Nothing is called that. A node, a run like R-4F2K9, a page, or an act on a node: restart, pool, buy time, x-ray, logs.
          </Command.Empty>
          {GROUPS.map((group) => {
            const of = entries.filter((entry) => entry.group === group);
            return of.length === 0 ? null : (
              <Command.Group key={group} heading={group}>
                {of.map((entry) => (
                  <Command.Item key={entry.key} value={entry.key} onSelect={() => choose(entry)}>
                    <EntryIcon icon={entry.icon} />
                    <span className="ell">
                      <Marked text={entry.label} hits={entry.hits} />
                      {entry.detail ? <span className="d">{entry.detail}</span> : null}
                    </span>
                    {entry.right ? <span className="r">{entry.right}</span> : null}
                  </Command.Item>
                ))}
              </Command.Group>
            );
          })}
        </Command.List>
      </Command>
      <div className="pal-f">
        <span>
          <Kbd>↑</Kbd>
          <Kbd>↓</Kbd>move
        </span>
        <span>
          <Kbd>Enter</Kbd>do
        </span>
        <span className="push">
          <Kbd>?</Kbd>all keys
        </span>
      </div>
    </dialog>
  );
}

function useEntries(query: string): Entry[] {
  const session = useSession();
  const { data: fleet } = useFleet();
  const { data: runs } = useRuns();
  const { data: runbooks } = useRunbooks();
  const mayOperate = may(session.data, 'run.start');
  // in the order in which they are offered, once for all keys that are typed
  const nodes = useMemo(() => byUrgency(fleet?.nodes ?? []), [fleet]);
  return useMemo(
    () =>
      paletteEntries(query, {
        nodes,
        runs: (runs?.runs ?? []).map((run) => ({
          id: run.id,
          name: runName(run.id),
          title: run.runbook.title,
          status: run.status,
          summary: run.summary,
        })),
        runbooks: runbooks?.runbooks ?? [],
        mayOperate,
      }),
    [query, nodes, runs, runbooks, mayOperate],
  );
}

const ICONS = { action: Play, busy: Ban, run: ListChecks, runbook: BookOpen, page: ArrowRight, filter: Filter } as const;

function EntryIcon({ icon }: { icon: Entry['icon'] }) {
  if (typeof icon === 'object') return <Mark kind={icon.mark} />;
  const Icon = ICONS[icon];
  return <Icon className="i" aria-hidden="true" />;
}

function Marked({ text, hits }: { text: string; hits: readonly Found[] }) {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const [from, to] of hits) {
    if (from < at) continue;
    parts.push(text.slice(at, from), <mark key={from}>{text.slice(from, to)}</mark>);
    at = to;
  }
  return (
    <>
      {parts}
      {text.slice(at)}
    </>
  );
}
