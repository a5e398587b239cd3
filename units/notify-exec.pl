#!/usr/bin/perl
# Runs a command whose progress systemd may hear: notify-exec COMMAND [ARGUMENT...]
#
# The command gets a socket that is connected to $NOTIFY_SOCKET, its number in
# $PIKIT_NOTIFY_FD, and keeps this process id. Each write to it is one message, for
# example "STATUS=installing 3 of 12\n", and comes from the main process of the unit:
# NotifyAccess=main is enough. Node cannot open such a socket itself, and a child
# like systemd-notify would need NotifyAccess=all, which lets every post-install
# command of a release speak to the service manager.
#
# Progress is not worth a failed update: without a socket the command runs as well.

use strict;
use warnings;
use Socket qw(AF_UNIX SOCK_DGRAM pack_sockaddr_un);

die "usage: notify-exec COMMAND [ARGUMENT...]\n" unless @ARGV;

$^F = 255;    # keep the socket open across exec
delete $ENV{PIKIT_NOTIFY_FD};
my $socket;
if (my $path = $ENV{NOTIFY_SOCKET}) {
    $path =~ s/^\@/\0/;    # abstract
    if (socket($socket, AF_UNIX, SOCK_DGRAM, 0) && connect($socket, pack_sockaddr_un($path))) {
        $ENV{PIKIT_NOTIFY_FD} = fileno $socket;
    } else {
        warn "no connection to '$ENV{NOTIFY_SOCKET}': $!, ignoring\n";
    }
}

exec {$ARGV[0]} @ARGV or die "cannot run '$ARGV[0]': $!\n";
