#!/bin/sh
# Run a command where the services of docker-compose.yml can be started without a container engine: a network of its
# own without a way out, in which every service's name leads to loopback; folders over /etc, /opt, /srv and /var/lib
# that keep what is written away from the machine; and a world of processes that ends with the command.
#     tests/rehearsal/enter.sh pytest tests/rehearsal
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$(readlink -f "${VENV:-$root/.venv}")
[ "$(id -u)" = 0 ] || { echo "the rehearsal needs root, for a network and folders of its own: sudo make compose-check"; exit 1; }

if [ "${ALERTS_REHEARSAL:-}" != 1 ]; then
  unshare --net --mount --pid --fork true 2>/dev/null || {
    echo "the rehearsal needs namespaces, which this machine does not allow: not in a container, or in a privileged one"
    exit 1
  }
  ALERTS_REHEARSAL=1 VENV=$venv exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi

over=$(mktemp -d)
mount -t tmpfs tmpfs "$over"
chmod 755 "$over"
lay_over() {
  mkdir -p "$over/$1/up" "$over/$1/work"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$over/$1/up,workdir=$over/$1/work" "$1"
}
for folder in /etc /opt /srv /var/lib; do lay_over "$folder"; done
# The services are not root: each folder on the way to Python and to the code must let them through.
for path in "$(readlink -f "$venv/bin/python")" "$venv" "$root"; do
  while path=$(dirname "$path") && [ "$path" != / ]; do echo "$path"; done
done | sort -u | while read -r folder; do
  case $(stat -c %A "$folder") in *[xt]) continue ;; esac
  top=/$(echo "$folder" | cut -d/ -f2)
  mountpoint -q "$top" || lay_over "$top"
  chmod o+x "$folder"
done
here=/opt/rehearsal
mkdir -p "$here/src" "$here/data" /opt/venv /etc/alerts /srv/dags /srv/plugins /srv/examples
mount --bind "$venv" /opt/venv
mount --bind "$root" "$here/src"
for pair in config:/etc/alerts dags:/srv/dags plugins:/srv/plugins examples:/srv/examples; do
  mount --bind "$root/${pair%%:*}" "${pair#*:}"
  mount -o remount,bind,ro "${pair#*:}"
done
# The user that the image makes.
echo "alerts:x:10001:10001::/opt/airflow:/usr/sbin/nologin" >>/etc/passwd
echo "alerts:x:10001:" >>/etc/group
# Loopback is 127.0.0.1 to every service, and no name of the world is known.
{ echo "127.0.0.1 localhost"; python3 - <<'PY' "$root/docker-compose.yml"
import re, sys
names = re.findall(r"^  ([a-z][a-z-]*):$", open(sys.argv[1]).read().split("\nservices:\n")[1].split("\nnetworks:\n")[0], re.M)
print("127.0.0.1", *names, "receiver")
PY
} >/etc/hosts
echo "nameserver 127.0.0.1" >/etc/resolv.conf
ip link set lo up
"$@"
