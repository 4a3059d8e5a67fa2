'use client';
import { Download } from 'lucide-react';
import { useUrlState } from '#client/url-state.ts';
import { Button } from '#components/ui/button.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { AUDIT_RESULTS } from '#shared/audit-results.ts';
import { type AuditQuery, exportHref, isRange } from './filter.ts';

const RANGE_WORDS = [
  ['', 'ever'],
  ['hour', 'the last hour'],
  ['day', 'the last 24 hours'],
  ['week', 'the last 7 days'],
  ['month', 'the last 30 days'],
] as const;

/** Every part of it is in the URL, so that what one person found another can open. */
export function AuditFilter({ query }: { query: AuditQuery }) {
  const [result, setResult] = useUrlState('result');
  const [range, setRange] = useUrlState('range');
  const [, setFrom] = useUrlState('from');
  const [, setTo] = useUrlState('to');
  const clear = () => window.location.assign('/audit');
  const spanned = !isRange(range) && (query.from !== undefined || query.to !== undefined);
  return (
    <search className="card mb-4 p-4" aria-label="Filter of the audit">
      <div className="form-row">
        <Part name="actor" label="Who" placeholder="a name or an id" />
        <Part name="action" label="Did" placeholder="run. or node.update" />
        <Part name="object" label="To" placeholder="node: or run:r_…" />
        <SelectField label="Result" value={result ?? ''} onChange={(event) => setResult(event.target.value)}>
          <option value="">any</option>
          {AUDIT_RESULTS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </SelectField>
        <SelectField
          label="When"
          value={spanned ? 'span' : (range ?? '')}
          onChange={(event) => {
            setFrom(null);
            setTo(null);
            setRange(event.target.value);
          }}
        >
          {RANGE_WORDS.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
          {spanned ? <option value="span">as the link says</option> : null}
        </SelectField>
      </div>
      <div className="row wrap mt-4">
        <a className="btn sm" href={exportHref(query, 'ndjson')} download>
          <Download className="i s" aria-hidden="true" />
          JSON lines
        </a>
        <a className="btn sm" href={exportHref(query, 'csv')} download>
          <Download className="i s" aria-hidden="true" />
          CSV
        </a>
        {Object.keys(query).length > 0 ? (
          <Button small look="ghost" onClick={clear}>
            Clear the filter
          </Button>
        ) : null}
        <span className="t3 sm">Both hold the rows that this filter lets through.</span>
      </div>
    </search>
  );
}

/** Asked when the field is left or Enter is pressed: a question for every letter would read the whole record again and again. */
function Part({ name, label, placeholder }: { name: string; label: string; placeholder: string }) {
  const [value, set] = useUrlState(name);
  return (
    <TextField
      key={value ?? ''}
      label={label}
      placeholder={placeholder}
      defaultValue={value ?? ''}
      maxLength={200}
      spellCheck={false}
      onBlur={(event) => set(event.target.value.trim() || null)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') set(event.currentTarget.value.trim() || null);
      }}
    />
  );
}
