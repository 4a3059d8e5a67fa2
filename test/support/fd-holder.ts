import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Perl is on every Debian, opens nothing of its own and closes nothing by itself. */
const HOLDER = `
use Socket; $| = 1; $SIG{PIPE} = 'IGNORE';
my ($dir, $pairs, $gone, $orphans, $files) = @ARGV; my @keep;
sub tcp { socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!"; push @keep, $s; return $s }
my $here = inet_aton('127.0.0.1'); my $l = tcp(); bind($l, sockaddr_in(0, $here)) or die; listen($l, 4096) or die;
my ($port) = sockaddr_in(getsockname($l)); my $to = sockaddr_in($port, $here);
sub take { accept(my $c, $l) or die "accept: $!"; push @keep, $c }
for (1 .. $pairs) { connect(tcp(), $to) or die "connect: $!"; take() }
sub leave { for (1 .. $_[0]) { socket(my $c, PF_INET, SOCK_STREAM, 0); connect($c, $to) or die "connect: $!"; take(); close($c) } }
leave($gone);
tcp() for 1 .. $orphans;
for (1 .. $files) { open(my $f, '<', '/dev/null') or die "open: $!"; push @keep, $f }
socket(my $u, PF_INET, SOCK_DGRAM, 0) or die; bind($u, sockaddr_in(0, $here)); push @keep, $u;
pipe(my $r, my $w); push @keep, $r, $w; socketpair(my $x, my $y, PF_UNIX, SOCK_STREAM, 0); push @keep, $x, $y;
socket(my $six, PF_INET6, SOCK_STREAM, 0); bind($six, pack_sockaddr_in6(0, Socket::inet_pton(AF_INET6, '::'))); listen($six, 9); my ($p6) = unpack_sockaddr_in6(getsockname($six)); push @keep, $six;
connect(tcp(), sockaddr_in($p6, $here)) or die "connect6: $!"; accept(my $c6, $six) or die; push @keep, $c6;
open(my $old, '>', "$dir/gone.log"); push @keep, $old; unlink "$dir/gone.log";
open(my $evil, '>', "$dir/a -> b\\n\\@1-tcp\\nlrwx------ 1 0 0 64 Jan 1 00:00 99999 -> socket:[1]"); push @keep, $evil;
print "ready $port $p6\\n"; while (my $line = <STDIN>) { my ($n) = $line =~ /grow (\\d+)/ or last; leave($n); print "grown\\n" }
`;

export type FdHolder = {
  pid: number;
  port: number;
  port6: number;
  openFds(): number /** so many more clients come and go, and their sockets stay */;
  grow(clients: number): Promise<void>;
};

/** A process with so many fds of each kind, until the test is over. Each pair is a connection to itself: an upstream and a client. */
export async function holdFds(
  t: Pick<TestContext, 'after'>,
  o: { pairs?: number; gone?: number; orphans?: number; files?: number } = {},
): Promise<FdHolder> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fd-holder-'));
  const counts = [o.pairs ?? 0, o.gone ?? 0, o.orphans ?? 0, o.files ?? 0].map(String);
  const command = ['-c', 'ulimit -n "$(ulimit -H -n)"; exec "$@"', 'sh', 'perl', '-e', HOLDER, dir, ...counts];
  const child = spawn('/bin/sh', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    fs.rmSync(dir, { recursive: true, force: true });
  });
  const ready = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['the holder ended'])]);
  const [, port, port6] = /^ready (\d+) (\d+)/.exec(String(ready[0])) ?? [];
  if (child.pid === undefined || port === undefined) throw new Error(`no fds are held: ${String(ready[0])}`);
  const { pid } = child;
  return {
    ...{ pid, port: Number(port), port6: Number(port6) },
    openFds: () => fs.readdirSync(`/proc/${pid}/fd`).length,
    async grow(clients) {
      child.stdin.write(`grow ${clients}\n`);
      await once(child.stdout, 'data');
    },
  };
}
