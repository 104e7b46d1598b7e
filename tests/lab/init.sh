#!/bin/busybox sh
# First process of a lab guest: mounts, modules, then the scenario, then everything in /out goes to the disk.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /tmp /run /out /var/log /etc /mnt /names
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
ulimit -n 1048576
hostname lab
printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >/etc/passwd
printf 'PRETTY_NAME="oomscene lab"\nID=lab\n' >/etc/os-release
# What depends on another comes after it; what is built in already is refused.
for module in /modules/*.ko; do
    case $module in
        *ramoops*) continue ;; # a scenario gives it its place in memory
    esac
    insmod "$module" 2>/dev/null
    rm -f "$module"
done
ifconfig lo 127.0.0.1 up 2>/dev/null

# as NAME APPLET ARGS…: runs an applet under a name of its own.
as() {
    name=$1
    shift
    ln -sf /bin/lab-guest "/names/$name"
    "/names/$name" "$@"
}
# percent N: so many percent of this machine's memory, in MiB.
percent() {
    awk -v part="$1" '/^MemTotal/ { print int($2 * part / 102400) }' /proc/meminfo
}
# gone PID: waits until that process has ended, 30 s at most.
gone() {
    for tenth in $(seq 300); do
        [ -d "/proc/$1" ] || return 0
        usleep 100000
    done
    echo "lab: $1 still runs" >&2
}
# within PATH COMMAND…: runs the command in that cgroup.
within() {
    group=$1
    shift
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}
v2() {
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    for controller in memory pids; do
        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
    done
}
v1() {
    mount -t tmpfs cgroup /sys/fs/cgroup
    for controller in memory pids; do
        mkdir "/sys/fs/cgroup/$controller"
        mount -t cgroup -o "$controller" "$controller" "/sys/fs/cgroup/$controller"
    done
}
# collect ARGS…: runs the shipped collector and keeps what it cost and said.
collect() {
    lab-guest measure /out/cost.json oomscene-collect -o /out/scene.tar.gz "$@" >/out/said.txt 2>&1
}
# finish: hands everything out and switches off; nothing comes after it.
finish() {
    dmesg >/out/dmesg.txt
    tar -cf /dev/vda -C /out .
    sync
    poweroff -f
}
. /scenario.sh
finish
