#!/usr/bin/perl
# Runs a command whose progress systemd may hear.
#
#   notify-exec COMMAND [ARGUMENT...]            for steps of root
#   notify-exec --relay COMMAND [ARGUMENT...]    for steps that talk to the network
#
# The command gets the number of a descriptor in $PIKIT_NOTIFY_FD: each write to it is
# one message, for example "STATUS=installing 3 of 12\n". Node cannot open such a socket
# itself, and a child like systemd-notify would need NotifyAccess=all, which lets every
# command that a step starts speak to the service manager.
#
# Without --relay that is a socket connected to $NOTIFY_SOCKET, and the command takes the
# place of this process: what it writes comes from the main process of the unit, so
# NotifyAccess=main is enough.
#
# With --relay the command is not trusted: a message could also extend the time limits of
# its unit for ever (EXTEND_TIMEOUT_USEC=). So this process stays the main one, the
# command is a child whose own messages systemd refuses, and the descriptor is a pipe, of
# which only STATUS= with plain text is passed on, at most four times a second. This
# process cannot be traced, nor its memory written, by another one of its user. It passes
# on no signal, ends when its child has ended, and as its child has ended.
#
# Progress is not worth a failed update: without a socket the command runs as well.

use strict;
use warnings;
use Config;
use Errno qw(EINTR);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(AF_UNIX SOCK_DGRAM pack_sockaddr_un);

my $relay = @ARGV && $ARGV[0] eq '--relay' ? shift @ARGV : undef;
die "usage: notify-exec [--relay] COMMAND [ARGUMENT...]\n" unless @ARGV;

delete $ENV{PIKIT_NOTIFY_FD};
my $path = delete $ENV{NOTIFY_SOCKET};

sub connected {
    return undef unless defined $path && $path ne '';
    (my $name = $path) =~ s/^\@/\0/;    # abstract
    my $socket;
    return $socket if socket($socket, AF_UNIX, SOCK_DGRAM, 0) && connect($socket, pack_sockaddr_un($name));
    warn "no connection to '$path': $!, ignoring\n";
    return undef;
}

sub become { exec {$ARGV[0]} @ARGV or die "cannot run '$ARGV[0]': $!\n" }

if (!$relay) {
    $^F = 255;    # keep the socket open across exec
    my $socket = connected();
    $ENV{PIKIT_NOTIFY_FD} = fileno $socket if $socket;
    $ENV{NOTIFY_SOCKET} = $path if defined $path;
    become();
}

# prctl(PR_SET_DUMPABLE, 0), by its number on the architectures of Debian.
my %PRCTL = (x86_64 => 157, i386 => 172, i486 => 172, i586 => 172, i686 => 172, aarch64 => 167, arm => 172,
    riscv64 => 167, loongarch64 => 167, powerpc64le => 171, s390x => 172);
my ($arch) = $Config{archname} =~ /^([^-]+)/;
my $prctl = $PRCTL{$arch};
my ($SET_DUMPABLE, $GET_DUMPABLE) = (4, 3);
my $guarded = defined $prctl && syscall($prctl, $SET_DUMPABLE, 0, 0, 0, 0) == 0 && syscall($prctl, $GET_DUMPABLE, 0, 0, 0, 0) == 0;
warn "no progress in the status of the unit: this process cannot be guarded on '$arch', ignoring\n" unless $guarded;
my $socket = $guarded ? connected() : undef;

pipe(my $from, my $to) or die "no pipe: $!\n";
$SIG{$_} = sub { } for qw(TERM INT HUP CHLD);
$SIG{PIPE} = 'IGNORE';

my $child = fork // die "cannot start another process: $!\n";
if (!$child) {
    $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP CHLD PIPE);
    close $from;
    close $socket if $socket;
    if ($socket) {
        # Never waits for whoever reads; and stays open across exec.
        fcntl($to, F_SETFL, fcntl($to, F_GETFL, 0) | O_NONBLOCK);
        fcntl($to, Fcntl::F_SETFD(), 0);
        $ENV{PIKIT_NOTIFY_FD} = fileno $to;
    }
    become();
}
close $to;

my ($buffer, $last, $open, $status) = ('', '', 1, undef);
until (defined $status) {
    my $ready = '';
    vec($ready, fileno $from, 1) = 1 if $open;
    # A signal that comes just before this call does not end it: once a second it is looked for.
    my $found = select($ready, undef, undef, 1);
    if ($found > 0) {
        my $count = sysread $from, $buffer, 65536, length $buffer;
        $open = 0 if defined $count ? $count == 0 : !$!{EINTR};
        my @lines = split /\n/, $buffer, -1;
        $buffer = substr pop @lines // '', 0, 256;
        my ($line) = grep { /\ASTATUS=[\x20-\x7e]{0,200}\z/ } reverse @lines;
        if (defined $line && $line ne $last && $socket) {
            send $socket, "$line\n", 0;    # Safe to ignore: the next one comes.
            $last = $line;
        }
        select undef, undef, undef, 0.25 if $open;
    }
    my $ended = waitpid $child, 1;    # WNOHANG
    $status = $? if $ended == $child || $ended < 0;
}

my $signal = $status & 127;
exit $status >> 8 unless $signal;
$SIG{$_} = 'DEFAULT' for qw(TERM INT HUP PIPE);
kill $signal, $$;
exit 128 + $signal;
