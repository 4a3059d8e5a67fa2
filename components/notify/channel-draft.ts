import type { Severity } from '#shared/incident-rules.ts';
import { SEVERITIES } from '#shared/incident-rules.ts';
import type { Channel, ChannelDraft, ChannelKind } from '#shared/notify.ts';

/** The form as text; what a kind has no use for is ignored. */
export type Form = {
  kind: ChannelKind;
  name: string;
  url: string;
  secret: string;
  host: string;
  port: string;
  tls: 'starttls' | 'implicit' | 'none';
  user: string;
  from: string;
  to: string;
  severities: Severity[];
  rule: string;
  selector: string;
  enabled: boolean;
  allowPrivate: boolean;
  caCertificate: string;
};

const EMPTY: Form = {
  ...{ kind: 'slack', name: '', url: '', secret: '', host: '', port: '587', tls: 'starttls', user: '', from: '', to: '' },
  ...{ severities: [...SEVERITIES], rule: '', selector: '*', enabled: true, allowPrivate: false, caCertificate: '' },
};

export function formOf(channel: Channel | null): Form {
  if (!channel) return EMPTY;
  const { target, route, name, enabled, allowPrivate } = channel;
  const about = { ...EMPTY, kind: target.kind, name, enabled, allowPrivate, caCertificate: target.caCertificate };
  const routed = { ...about, severities: route.severities, rule: route.rules.join(', '), selector: route.selector };
  if (target.kind === 'email') return { ...routed, ...target, port: String(target.port), to: target.to.join(', ') };
  return 'url' in target ? { ...routed, url: target.url } : routed;
}

const words = (text: string): string[] => text.split(/[\s,;]+/).filter((word) => word !== '');

export function draftOf(form: Form): ChannelDraft {
  const { name, kind, caCertificate, enabled, allowPrivate } = form;
  const route = { severities: form.severities, rules: words(form.rule), selector: form.selector.trim() || '*' };
  const draft = { name, route, enabled, allowPrivate, ...(form.secret !== '' && { secret: form.secret }) };
  switch (kind) {
    case 'slack':
      return { ...draft, target: { kind, caCertificate } };
    case 'pagerduty':
      return { ...draft, target: { kind, caCertificate, ...(form.url !== '' && { url: form.url }) } };
    case 'email': {
      const { host, tls, user, from } = form;
      return { ...draft, target: { kind, caCertificate, host, port: Number(form.port), tls, user, from, to: words(form.to) } };
    }
    default:
      return { ...draft, target: { kind, caCertificate, url: form.url } };
  }
}

/** A key of Standard Webhooks, 32 random bytes. */
export function newWebhookKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
