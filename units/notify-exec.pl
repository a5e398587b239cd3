#!/usr/bin/perl
# Runs a step that has something to say to systemd.
#
#   notify-exec COMMAND [ARGUMENT...]
#
# Node cannot open the sockets that systemd listens on, and a child such as systemd-notify
# or logger would not be the main process of the unit. So this opens them, and the command,
# which takes its place, gets the numbers of the descriptors:
#
#   $PIKIT_NOTIFY_FD   connected to $NOTIFY_SOCKET; each write is one message, for example
#                      "STATUS=installing 3 of 12\n", and NotifyAccess=main is enough.
#                      A message could also extend the time limits of the unit, so steps
#                      that read what strangers send have NotifyAccess=none, and no socket.
#   $PIKIT_JOURNAL_FD  connected to the journal, where the output goes there as well; each
#                      write is one entry with its fields, and fails where it would wait.
#
# Neither progress nor a field is worth a failed update: without a socket the command runs
# as well.

use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(AF_UNIX SOCK_DGRAM pack_sockaddr_un);

die "usage: notify-exec COMMAND [ARGUMENT...]\n" unless @ARGV;

delete @ENV{qw(PIKIT_NOTIFY_FD PIKIT_JOURNAL_FD)};
$^F = 255;    # keep sockets open across exec
my @kept;

sub connected {
    my ($variable, $path) = @_;
    (my $name = $path) =~ s/^\@/\0/;    # abstract
    my $socket;
    if (socket($socket, AF_UNIX, SOCK_DGRAM, 0) && connect($socket, pack_sockaddr_un($name))) {
        push @kept, $socket;
        $ENV{$variable} = fileno $socket;
        return $socket;
    }
    warn "no connection to '$path': $!, ignoring\n";
    return undef;
}

my $notify = delete $ENV{NOTIFY_SOCKET} // '';
connected(PIKIT_NOTIFY_FD => $notify) if $notify ne '';

my $journal = delete $ENV{PIKIT_JOURNAL_SOCKET} // '/run/systemd/journal/socket';
if (defined $ENV{JOURNAL_STREAM} && (my $socket = connected(PIKIT_JOURNAL_FD => $journal))) {
    fcntl($socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK);
}

exec {$ARGV[0]} @ARGV or die "cannot run '$ARGV[0]': $!\n";
