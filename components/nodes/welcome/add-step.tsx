'use client';
import { FileSearch } from 'lucide-react';
import { useState } from 'react';
import { useImport, useImportPreview, useOwnSshConfig } from '#client/import.ts';
import { useFleet } from '#client/nodes.ts';
import { mayAll, useSession } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { AreaField, TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import type { ImportRequest } from '#shared/node-import.ts';
import { plural } from '#shared/units/count.ts';
import { chosenCounts, ImportPlanView } from '../import-plan.tsx';
import { KeyCard } from '../key-card.tsx';

const EXAMPLE = 'ssh -p 2222 ops@edge-01\nops@edge-02\n10.0.0.13:22';

/** Paste, or look into the console's own ssh_config; see what would be stored; store it. */
export function AddStep({
  waiting,
  onAdded,
  onGoOn,
}: {
  /** registered nodes that are not in yet */
  waiting: number;
  onAdded: (ids: string[]) => void;
  onGoOn: () => void;
}) {
  const session = useSession();
  const fleet = useFleet();
  const [text, setText] = useState('');
  const [user, setUser] = useState('sre');
  const [unit, setUnit] = useState('sniproxy');
  const [configPath, setConfigPath] = useState('/etc/sniproxy/config.yaml');
  const [metricsUrl, setMetricsUrl] = useState('http://127.0.0.1:9090/metrics');
  const [leftOut, setLeftOut] = useState<ReadonlySet<string>>(new Set());
  const [looked, setLooked] = useState<ImportRequest | null>(null);
  const [key, setKey] = useState('');
  const preview = useImportPreview();
  const store = useImport();
  const own = useOwnSshConfig();
  const request: ImportRequest = { format: 'paste', text, defaults: { user: user.trim(), unit, configPath, metricsUrl } };
  const plan = looked !== null && JSON.stringify(looked) === JSON.stringify(request) ? preview.data : undefined;
  const chosen = plan ? chosenCounts(plan, leftOut) : null;
  const taken = chosen ? chosen.add + chosen.change + chosen.same : 0;

  const look = (wanted: ImportRequest) => {
    setKey(crypto.randomUUID());
    setLeftOut(new Set());
    preview.mutate(wanted, { onSuccess: () => setLooked(wanted) });
  };
  const add = () =>
    store.mutate(
      { body: { ...request, leaveOut: [...leftOut] }, key: `${key}-${[...leftOut].sort().join()}`.slice(0, 200) },
      {
        onSuccess: async (done) => {
          const names = new Set(done.rows.filter(({ action }) => ['add', 'change', 'same'].includes(action)).map(({ name }) => name));
          const { data } = await fleet.refetch();
          onAdded((data?.nodes ?? []).filter(({ name }) => names.has(name)).map(({ id }) => id));
        },
      },
    );
  const scan = () =>
    own.mutate(undefined, {
      onSuccess: (found) => {
        if (found.hosts === 0) return;
        setText(found.text.replace(/\n{2,}/g, '\n').trim());
      },
    });
  return (
    <div className="add-grid">
      <div className="stack">
        {waiting > 0 ? (
          <Callout tone="accent">
            {plural(waiting, 'node')} {waiting === 1 ? 'is' : 'are'} registered and not in yet.{' '}
            <Button small onClick={onGoOn}>
              Go on with {waiting === 1 ? 'it' : 'them'}
            </Button>
          </Callout>
        ) : null}
        <Card title="Which hosts?">
          <form
            className="form"
            onSubmit={(event) => {
              event.preventDefault();
              look(request);
            }}
          >
            <AreaField
              label="Hosts"
              help="A line each as you would type it, or a block of ssh_config, or CSV with a head line. What is not understood is said with its line."
              rows={6}
              spellCheck={false}
              placeholder={EXAMPLE}
              value={text}
              onChange={({ target }) => setText(target.value)}
            />
            <TextField label="User where none is said" value={user} onChange={({ target }) => setUser(target.value)} />
            <details className="more">
              <summary>Unit, config.yaml and metrics page, if they are elsewhere</summary>
              <div className="form">
                <TextField label="systemd unit" value={unit} onChange={({ target }) => setUnit(target.value)} />
                <TextField label="config.yaml" value={configPath} onChange={({ target }) => setConfigPath(target.value)} />
                <TextField
                  label="Metrics page, as the host itself sees it"
                  value={metricsUrl}
                  onChange={({ target }) => setMetricsUrl(target.value)}
                />
              </div>
            </details>
            <ProblemNote error={preview.error ?? store.error ?? own.error} />
            {own.data ? (
              <Callout live>
                {own.data.exists
                  ? `Read ${own.data.file}: ${plural(own.data.hosts, 'Host line')}. Only how hosts are reached was taken; ${own.data.leftOut > 0 ? `${plural(own.data.leftOut, 'other line')} stayed there.` : ''}`
                  : `There is no ${own.data.file}: the account of the console knows no hosts. Paste them.`}
              </Callout>
            ) : null}
            <div className="form-foot">
              <Button type="submit" look={plan ? 'plain' : 'primary'} disabled={text.trim() === '' || preview.isPending}>
                {preview.isPending ? 'Reading…' : 'Look at them'}
              </Button>
              {session.data && mayAll(session.data, 'user.write') ? (
                <Button onClick={scan} disabled={own.isPending} title="Reads ~/.ssh/config of the account that the console runs as">
                  <FileSearch className="i s" aria-hidden="true" />
                  {own.isPending ? 'Reading…' : 'Scan the console’s ~/.ssh/config'}
                </Button>
              ) : null}
              <LinkButton look="ghost" href="/nodes/import">
                Ansible, a file…
              </LinkButton>
            </div>
          </form>
        </Card>
        {plan ? (
          <ImportPlanView
            plan={plan}
            leftOut={leftOut}
            onLeaveOut={(name, out) => setLeftOut((before) => new Set(out ? [...before, name] : [...before].filter((one) => one !== name)))}
          >
            <Button look="primary" disabled={taken === 0 || store.isPending} onClick={add}>
              {store.isPending ? 'Adding…' : taken === 0 ? 'Nothing to add' : `Add and go on with ${plural(taken, 'node')}`}
            </Button>
          </ImportPlanView>
        ) : null}
      </div>
      <KeyCard />
    </div>
  );
}
