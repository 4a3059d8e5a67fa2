import net from 'node:net';
import { createTransport } from 'nodemailer';
import { addressesOf, inWords, raceSignal, SEND_MS, SendFailure } from '../reach.ts';
import { headline, linkOf, nodeNames, ruleNames, type Sender, type Told } from './told.ts';

/** A server that says a little now and then ends no timeout of a socket. Below the lease of a delivery. */
const MAIL_MS = 2 * SEND_MS;

const idOf = (name: string): string => `<${name.replace(/[^A-Za-z0-9._-]/g, '.')}@headroom>`;

/** Plain text; all mails of an alert are one thread, and a repeated attempt has the same Message-ID, by which mailboxes know it. */
export function mailOf(told: Told, envelope: { from: string; to: string[] }) {
  const { alert } = told;
  const lines = [
    alert.text,
    '',
    ...(alert.signals.length === 0 ? [] : [`Nodes  ${nodeNames(told)}`, `Rules  ${ruleNames(told)}`, `Began  ${alert.startsAt}`]),
    ...(alert.endsAt === null ? [] : [`Ended  ${alert.endsAt}`]),
    '',
    linkOf(told),
  ];
  return {
    ...envelope,
    subject: headline(told)
      .replace(/[\r\n]+/g, ' ')
      .slice(0, 200),
    text: lines.join('\n').trim(),
    messageId: idOf(told.id),
    ...(told.event !== 'test' && { references: idOf(alert.key), inReplyTo: idOf(alert.key) }),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Headroom-Event': told.event },
  };
}

export const sendEmail: Sender<'email'> = async ({ target, secret, reach }, told, signal) => {
  const where = `${target.host}:${target.port}`;
  const timeout = AbortSignal.timeout(MAIL_MS);
  const within = signal ? AbortSignal.any([signal, timeout]) : timeout;
  const late = (cause: unknown) => new SendFailure(`${where} did not come to an end in time`, { again: true, cause });
  const looked = addressesOf(target.host, { allowPrivate: reach.allowPrivate, clear: target.tls === 'none' });
  const [address] = await raceSignal(looked, within).catch((error) => {
    if (error instanceof SendFailure) throw error;
    throw within.aborted ? late(error) : new SendFailure(inWords(error, where), { again: true, cause: error });
  });
  const transport = createTransport({
    host: address ?? target.host,
    port: target.port,
    secure: target.tls === 'implicit',
    requireTLS: target.tls === 'starttls',
    ignoreTLS: target.tls === 'none',
    ...(target.user !== '' && { auth: { user: target.user, pass: secret } }),
    tls: {
      ...(net.isIP(target.host) === 0 && { servername: target.host }),
      ...(reach.caCertificate !== '' && { ca: reach.caCertificate }),
    },
    ...{
      connectionTimeout: SEND_MS / 2,
      greetingTimeout: SEND_MS / 2,
      socketTimeout: SEND_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
  });
  try {
    const sent = await transport.sendMail({ ...mailOf(told, { from: target.from, to: target.to }), signal: within });
    const refused = (sent.rejectedErrors ?? []).map(({ response, recipient }) => `; refused for ${recipient}: ${oneLine(response)}`);
    return `${where} took it for ${target.to.length - refused.length} of ${target.to.length}: ${oneLine(sent.response)}${refused.join('')}`;
  } catch (error) {
    throw within.aborted ? late(error) : failureOf(error, where);
  } finally {
    transport.close();
  }
};

/** RFC 5321 section 4.2.1: 4xx may pass, 5xx does not. */
function failureOf(error: unknown, where: string): SendFailure {
  const { code, responseCode, response } = shapeOf(error);
  if (code === 'ETLS' && responseCode !== null)
    return new SendFailure(`${where} offers no STARTTLS: nothing is sent in clear text`, { again: false, cause: error });
  if (responseCode !== null) {
    const said = (response ?? '').replace(/\s+/g, ' ').slice(0, 200);
    return new SendFailure(`${where} answered ${said || responseCode}`, { again: responseCode < 500, cause: error });
  }
  if (error instanceof Error && /certificate|altnames/i.test(error.message))
    return new SendFailure(`${where} has a certificate that is not believed: ${error.message.slice(0, 160)}`, {
      again: true,
      cause: error,
    });
  if (code === 'ETIMEDOUT') return new SendFailure(`${where} gave no answer in time`, { again: true, cause: error });
  return new SendFailure(inDialogWords(error, code, where), { again: true, cause: error });
}

/** nodemailer's codes (dist/esm/errors.d.ts); the system's own stands in the message of an ESOCKET. */
function inDialogWords(error: unknown, code: string | null, where: string): string {
  if (code === 'ECONNECTION') return `${where} closed the connection in the middle`;
  if (code === 'EPROTOCOL') return `${where} does not speak SMTP as it should`;
  const inner = code === 'ESOCKET' && error instanceof Error ? /\bE[A-Z]{3,}\b/.exec(error.message)?.[0] : undefined;
  if (inner !== undefined) return inWords(Object.assign(new Error('dialog'), { code: inner }), where);
  return code === 'ESOCKET' ? `${where} does not speak TLS as it should` : inWords(error, where);
}

const oneLine = (said: unknown): string =>
  String(said ?? '')
    .replace(/\s+/g, ' ')
    .slice(0, 120);

function shapeOf(error: unknown): { code: string | null; responseCode: number | null; response: string | null } {
  if (!(error instanceof Error)) return { code: null, responseCode: null, response: null };
  return {
    code: 'code' in error && typeof error.code === 'string' ? error.code : null,
    responseCode: 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null,
    response: 'response' in error && typeof error.response === 'string' ? error.response : null,
  };
}
