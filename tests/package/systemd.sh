#!/bin/bash
# The Debian package on a machine of its own that systemd has booted: a virtual one, made by debootstrap, in QEMU.
# It is not part of ./dev test: it wants root, Debian packages from a mirror, and some minutes.
set -euo pipefail

help='tests/package/systemd.sh [--deb FILE] [--work DIR] [--mirror URL] [--kvm] [--keep]

Boots Debian 12 (cgroup v2 only) with systemd as process 1 in QEMU, and in it plays systemd_guest.py: apt installs the
package, systemd starts server and agent, a match runs with a player connected while agent and server are started anew,
killed and upgraded; limits of instance types are met; the package is removed and purged. Wants root and the Debian
packages debootstrap, qemu-system-x86 and e2fsprogs. Ends with 0 when everything held.

  --deb FILE     the package; default: the newest that ./dev package made
  --work DIR     where the machine is made; default: build/systemd. What debootstrap made is used again.
  --mirror URL   of Debian; default: that of debootstrap
  --kvm          use the hardware; default: emulate, which works everywhere and takes three times as long
  --keep         keep the disk image afterwards'

die() { echo "systemd.sh: $*" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
deb="" work=$root/build/systemd mirror="" accelerator=tcg keep=""
while (($#)); do
    case $1 in
        --help) echo "$help"; exit 0 ;;
        --deb) deb=${2:?}; shift ;;
        --work) work=${2:?}; shift ;;
        --mirror) mirror=${2:?}; shift ;;
        --kvm) accelerator=kvm ;;
        --keep) keep=yes ;;
        *) die "there is no '$1': see --help" ;;
    esac
    shift
done
[[ $EUID -eq 0 ]] || die "debootstrap wants root"
for tool in debootstrap qemu-system-x86_64 mke2fs dpkg-deb; do
    command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || die "there is no $tool"
done
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
[[ -n $deb ]] || deb=$(ls -t "$root"/build/release/package/opengse_*.deb 2>/dev/null | head -1)
[[ -f $deb ]] || die "there is no package: ./dev package makes one"
mkdir -p "$work"

# Debian with a kernel. The folder gets its name when it is whole.
machine=$work/debian
if [[ ! -d $machine ]]; then
    echo "== debootstrap (some minutes)"
    rm -rf "$machine.part"
    debootstrap --variant=minbase \
        --include=systemd-sysv,udev,dbus,initramfs-tools,linux-image-cloud-amd64,python3,procps,zstd \
        bookworm "$machine.part" $mirror >"$work/debootstrap.log" 2>&1 ||
        die "debootstrap failed: $work/debootstrap.log"
    chroot "$machine.part" apt-get clean
    mv "$machine.part" "$machine"
fi

# What the package depends on is there beforehand, for the emulated processor is slow to unpack it.
echo "== $deb"
cp "$deb" "$machine/root/opengse.deb"
chroot "$machine" apt-get -qq update
DEBIAN_FRONTEND=noninteractive chroot "$machine" apt-get -qq satisfy -y "$(dpkg-deb -f "$deb" Depends), bubblewrap" \
    >"$work/apt.log" 2>&1 || die "apt cannot install what the package needs: $work/apt.log"
# The next version is the same one with a higher number.
rm -rf "$work/next"
dpkg-deb -R "$deb" "$work/next"
sed -i 's/^Version: .*/Version: 99.1/' "$work/next/DEBIAN/control"
dpkg-deb -Znone -b "$work/next" "$machine/root/next.deb" >/dev/null
rm -rf "$work/next"

cp "$root/tests/package/systemd_guest.py" "$machine/root/guest.py"
echo gse-test >"$machine/etc/hostname"
printf '127.0.0.1 localhost gse-test\n' >"$machine/etc/hosts"
printf '/dev/vda / ext4 rw,noatime 0 0\n' >"$machine/etc/fstab"
cat >"$machine/etc/systemd/system/guest.service" <<'UNIT'
[Unit]
Description=What systemd_guest.py plays
After=multi-user.target
[Service]
Type=oneshot
Environment=PYTHONUNBUFFERED=1 LC_ALL=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0
ExecStart=/usr/bin/python3 /root/guest.py
ExecStopPost=/bin/systemctl poweroff --no-block
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
UNIT
mkdir -p "$machine/etc/systemd/system/multi-user.target.wants"
ln -sf ../guest.service "$machine/etc/systemd/system/multi-user.target.wants/guest.service"
# The console is the test's.
ln -sf /dev/null "$machine/etc/systemd/system/serial-getty@ttyS0.service"

disk=$work/disk.ext4
rm -f "$disk"
mke2fs -q -t ext4 -d "$machine" "$disk" 4G >/dev/null

echo "== boot"
case $accelerator in
    kvm) processor="-accel kvm -cpu host" ;;
    # Each emulated core is a thread.
    tcg) processor="-accel tcg,thread=multi -cpu max" ;;
esac
log=$work/console.log
# no_timer_check: a kernel on an emulated processor that is late takes its clock for broken.
# Nothing to wait for beyond this, whatever happened in there.
timeout --foreground 1800 qemu-system-x86_64 $processor -smp 2 -m 3072 -nic none -display none -no-reboot \
    -kernel "$(ls "$machine"/boot/vmlinuz-* | tail -1)" -initrd "$(ls "$machine"/boot/initrd.img-* | tail -1)" \
    -append "root=/dev/vda rw console=ttyS0 quiet no_timer_check panic=-1 systemd.show_status=no" \
    -drive "file=$disk,format=raw,if=virtio,cache=unsafe" -serial stdio -monitor none </dev/null | sed -u 's|\r||g' | tee "$log" ||
    echo "systemd.sh: the machine did not end by itself" >&2
[[ -n $keep ]] || rm -f "$disk"
grep -q '^EVERYTHING HELD$' "$log" || { echo "systemd.sh: FAILED; all of it is in $log" >&2; exit 1; }
