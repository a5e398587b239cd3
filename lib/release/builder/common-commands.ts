/** Names of commands that most devices have: a program of a release with one of them would be run in its place. */
import { closedPlace } from '../../core/device/closed-places.ts';
import { DEFAULT_TARGETS, devicePathOf } from '../../core/release/targets.ts';
import { isUsualPlace } from './package-name.ts';

const COMMON = new Set(
  `apt apt-get awk base64 basename cat chattr chgrp chmod chown chroot cp cron crontab curl cut date dd deluser df dhclient diff dig
  dirname dmesg docker dpkg du echo egrep env ethtool false fdisk fgrep find findmnt free fsck getent git gpg grep groups gzip halt head
  hostname hostnamectl htop id ifconfig install ip iptables iw iwconfig journalctl kill killall less ln locale logger login logrotate ls
  lsblk lsmod lsof lsusb md5sum mkdir mkfs mktemp modprobe more mount mv nano netstat nft nginx nice nmcli node nohup npm openssl passwd
  perl pgrep ping pip pip3 pkill poweroff printf ps pwd python python3 raspi-config readlink reboot rm rmdir rsync run-parts scp sed
  service sh sha256sum shutdown sleep sort ssh sshd stat su sudo sync sysctl systemctl tail tar tee test timedatectl timeout top touch tr
  true tune2fs udevadm umount uname uniq unzip uptime useradd usermod vi vim vcgencmd w wc wget which who whoami xargs xz yes zip zstd
  dietpi-config dietpi-software dietpi-update`.split(/\s+/),
);

/** One notice each for what devices refuse, and for what would be run in place of a command of the system. */
export function commandNotices(paths: readonly string[]): string[] {
  return paths.filter(isUsualPlace).flatMap((path) => {
    const device = devicePathOf(path, DEFAULT_TARGETS);
    const closed = closedPlace(device);
    if (closed !== null)
      return [`'${path}' would be '${device}' on a device: ${closed.why}; devices refuse the release unless a [[target]] leads elsewhere`];
    const name = device.startsWith('/usr/local/bin/') ? device.slice('/usr/local/bin/'.length) : '';
    return COMMON.has(name) ? [`'${path}' will be found before the system's own command '${name}' on devices, and run in its place`] : [];
  });
}
